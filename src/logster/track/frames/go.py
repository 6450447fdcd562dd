"""Go: panics and fatal errors with the goroutine they were raised in, and stacks inside of errors.

Of a dump the first goroutine counts, and not where it was started. github.com/pkg/errors prints the
root first, each message followed by its own stack; golang.org/x/xerrors the outermost.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from logster.track.chain import Frame
from logster.track.frames.causes import chained
from logster.track.frames.digits import parse_digits
from logster.track.frames.draft import Draft
from logster.track.frames.family import Family
from logster.track.frames.go_libraries import is_of_library

if TYPE_CHECKING:
    from collections.abc import Sequence

    from logster.track.chain import Raised

_GOROUTINE = re.compile(r"(?<!\w)goroutine \d+ (?:[a-z]+=\S{1,30} ){0,4}\[[^\]]{0,200}\]:")
_RUNTIME_STACK = "runtime stack:"
_PLACE = re.compile(r"[ \t]+(\S.*?):(\d+)(?:\s|$)")
#: Gin tells the place first, and then the function with its line of code.
_GIN_PLACE = re.compile(r"\s*(\S.*?\.go):(\d+) \(0x[0-9a-f]+\)$")
_RACE = "WARNING: DATA RACE"

#: How a panic is told of, by the runtime and by what recovers from it; what it said follows.
_RAISED = re.compile(
    r"(?:^|[\s\]:])(?:"
    r"(fatal error|unexpected signal|WARNING): "
    r"|(SIG[A-Z]+): "
    r"|(?:[Pp]anic|PANIC)(?: serving \S{1,100}| recovered| caught)?: ?"
    r"|(?:\[PANIC RECOVER\]|Recovered from panic:?|[Rr]ecovered:?) "
    r")"
)
_RECOVERED = re.compile(r" \[recovered(?:, repanicked)?\]$")
_RUNTIME_ERROR = "runtime error: "
#: How Kubernetes and net/http's users tell of it: `"…" (runtime error: …)`, `in a handler: …`.
_OBSERVED = re.compile(r'(?:"[^"]{0,2000}" \(|in [\w ]{1,60}: )(runtime error: .*?)\)?$')
#: What the runtime adds to what was said.
_ADDED = re.compile(r"\[signal |goroutine \d|runtime: |PC=0x|exit status \d|\[originating from ")
#: What the standard logger writes before a line: a time, and a place when it is asked to.
_LOGGED = re.compile(r"\d{4}/\d\d/\d\d \d\d:\d\d:\d\d(?:\.\d+)? (?:[\w./-]+\.go:\d+: )?")


def claims(text: str) -> bool:
    """Whether a text names a goroutine, or a place in a file of Go."""
    return "goroutine " in text or ".go:" in text


def read(text: str) -> tuple[Raised, ...]:
    """The exceptions of a text."""
    lines = text.split("\n")
    start = next((at for at, line in enumerate(lines) if _begins(line)), None)
    if start is None:
        return _read_errors(lines)
    frames = _frames_of(lines, start)
    if not frames:
        return ()
    drafts = _read_panics(lines[: start + (lines[start] == _RACE)])
    drafts[-1].frames = frames
    return chained(drafts[::-1], "context")


def _begins(line: str) -> bool:
    return ("goroutine " in line and _GOROUTINE.search(line) is not None) or line == _RACE


# --- a dump of goroutines -----------------------------------------------------------------


def _frames_of(lines: Sequence[str], start: int) -> list[Frame]:
    """The frames of the first goroutine that has some."""
    frames: list[Frame] = []
    function = None
    for line in lines[start + 1 :]:
        if function is not None and (place := _PLACE.match(line)):
            frames.append(_frame(function, place[1], parse_digits(place[2])))
            function = None
            continue
        if function is not None:  # of a cut trace
            frames.append(_frame(function))
        function = _called(line)
        if function is None and frames and _ends(line):
            break
    if function is not None:
        frames.append(_frame(function))
    return frames


def _called(line: str) -> str | None:
    """The function of a line that calls one: `main.(*Shop).Pay(0xc000012, {0x4, ...})`."""
    line = line.strip()
    if not line.endswith(")") or line.startswith("created by "):
        return None
    name = line[: line.rindex("(")] if "(" in line else ""
    return name if name and " " not in name and "/go:" not in name else None


def _ends(line: str) -> bool:
    return not line.strip() or line.startswith("created by ") or _begins(line)


def _read_panics(lines: Sequence[str]) -> list[Draft]:
    """What was raised, in order; a panic that was raised again counts once."""
    drafts: list[Draft] = []
    for line in lines:
        if line == _RUNTIME_STACK or _ADDED.match(line):
            if drafts:
                drafts[-1].is_open = False
        elif found := _RAISED.search(line, 0, _MAX_HEAD_CHARACTERS):
            _add_panic(drafts, found[1] or found[2] or "panic", line[found.end() :])
        elif line.startswith(_RUNTIME_ERROR):
            _add_panic(drafts, "panic", line)
        elif drafts and drafts[-1].is_open:
            drafts[-1].say(line)
    return drafts or [_said_last(lines)]


_MAX_HEAD_CHARACTERS = 1_000


def _add_panic(drafts: list[Draft], kind: str, said: str) -> None:
    said = _RECOVERED.sub("", said)
    if observed := _OBSERVED.match(said):
        said = observed[1]
    at = said.find(_RUNTIME_ERROR)
    if kind == "panic" and at == 0:
        kind, said = _RUNTIME_ERROR[:-2], said[len(_RUNTIME_ERROR) :]
    if drafts and (drafts[-1].type, drafts[-1].said) == (kind, [said]):
        return
    drafts.append(Draft(kind, said))


def _said_last(lines: Sequence[str]) -> Draft:
    """What was logged before a stack that nobody panicked for."""
    said = "\n".join(lines).rstrip().rpartition("\n")[2]
    at = said.find(_RUNTIME_ERROR)
    if at >= 0:
        return Draft(_RUNTIME_ERROR[:-2], said[at + len(_RUNTIME_ERROR) :])
    return Draft(None, _LOGGED.sub("", said) or None)


# --- stacks inside of errors --------------------------------------------------------------


def _read_errors(lines: Sequence[str]) -> tuple[Raised, ...]:
    """Messages, each with the stack of where it was said, the root first."""
    drafts: list[Draft] = []
    said: list[str] = []
    is_outermost_first = False
    skip = False
    for at, line in enumerate(lines):
        if skip:
            skip = False
            continue
        following = lines[at + 1] if at + 1 < len(lines) else ""
        frame = _frame_at(line, following)
        if frame is None:
            is_outermost_first |= line.startswith("  - ")
            said.append(line)
            continue
        skip = True
        if said or not drafts:
            drafts += _drafts_of(said, is_first=not drafts)
            said = []
        drafts[-1].frames.append(frame)
    if not drafts:
        return ()
    if is_outermost_first and said and said[0].startswith("  - "):  # the root has no stack
        drafts += _drafts_of(said[:1], is_first=False)
    return chained(drafts if is_outermost_first else drafts[::-1])


def _frame_at(line: str, following: str) -> Frame | None:
    """The frame of two lines."""
    if place := _GIN_PLACE.match(line):
        function = following.strip().partition(": ")[0]
        return _frame(function, place[1], parse_digits(place[2]))
    place = _PLACE.match(following) if ".go:" in following or ".s:" in following else None
    name = line.strip()
    if place is None or not name or " " in name or "." not in name:
        return None
    return _frame(_called(name) or name, place[1], parse_digits(place[2]))


def _drafts_of(said: Sequence[str], *, is_first: bool) -> list[Draft]:
    """Who wraps an error that has no stack says so in a line of its own, behind the error's."""
    lines = [line.strip().removeprefix("- ") for line in said]
    if is_first:  # among other text
        lines = "\n".join(lines).strip().rpartition("\n\n")[2].split("\n")
        lines[0] = _LOGGED.sub("", lines[0])
    if is_first and len(lines) > _MAX_WRAPPED:
        lines = lines[-1:]
    drafts = [_draft_of(line.removesuffix(":")) for line in lines if line]
    return drafts or [Draft()]


#: More lines than these are no errors that wrap each other, but text of another kind.
_MAX_WRAPPED = 3


def _draft_of(line: str) -> Draft:
    if line.startswith(_RUNTIME_ERROR):
        return Draft(_RUNTIME_ERROR[:-2], line[len(_RUNTIME_ERROR) :])
    return Draft(None, line)


# --- frames -------------------------------------------------------------------------------


def _frame(function: str, file: str | None = None, line: int | None = None) -> Frame:
    return Frame(function=function, file=file, line=line, in_app=not is_of_library(function, file))


def is_library(frame: Frame) -> bool:
    """Whether a frame is of the standard library or of a module of somebody else."""
    names = [name for name in (frame.module, frame.function) if name]
    return is_of_library(".".join(names), frame.file)


FAMILY = Family("go", claims, read, is_library)
