"""Bytes into every reader, led by the code that they reach: `make fuzz` (FUZZ_MINUTES).

In: the recorded requests, to begin with. Out: a crash, a hang or a body of gigabytes ends the run,
and the bytes are in the folder; a case of `tests/corpus` is made of them.
"""

from __future__ import annotations

import sys
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["logster.ingest", "logster.fields"]):
    from support.readers import INTAKES, check_read, request_to
    from support.recorded import CORPUS, Recorded

CONTENT_TYPES = (
    "",
    "application/json",
    "application/x-ndjson",
    "application/x-protobuf",
    "application/xml",
    "application/x-www-form-urlencoded",
    "text/plain; charset=utf-16",
)


def try_bytes(data: bytes) -> None:
    """The first byte chooses the reader, the second the Content-Type; the rest is the body."""
    if len(data) > 1:
        protocol, route = INTAKES[data[0] % len(INTAKES)]
        content_type = CONTENT_TYPES[data[1] % len(CONTENT_TYPES)]
        check_read(protocol, request_to(route, content_type), data[2:])


def write_seeds(folder: Path) -> None:
    """Give every recorded body, for the reader it was sent to."""
    folder.mkdir(parents=True, exist_ok=True)
    names = [protocol.name for protocol, _ in INTAKES]
    for case in CORPUS.glob("*/*.http"):
        for number in (at for at, name in enumerate(names) if name == case.parent.name):
            for kind in range(len(CONTENT_TYPES)):
                body = Recorded(case.read_bytes()).body
                name = f"{case.parent.name}-{case.stem}-{number}-{kind}"
                (folder / name).write_bytes(bytes([number, kind]) + body)


def main() -> None:
    """Run as libFuzzer is told to; the first folder that it is given gets the seeds."""
    write_seeds(Path(next(each for each in sys.argv[1:] if not each.startswith("-"))))
    atheris.Setup(sys.argv, try_bytes)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
