"""The loads: what is sent, in which form, over how many connections.

In: a load, a server's dialect, a seed. Out: whole requests, built by several processes.
Promise: two servers get the same rows; no row comes twice in a run of the bench.
"""

from __future__ import annotations

import gzip
import json
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from multiprocessing import get_context
from typing import TYPE_CHECKING
from urllib.parse import urlencode
from xml.sax.saxutils import escape

from bench.client import build_request
from bench.dialects import DIALECTS, encode_rows
from bench.rows import CHUNK, make_rows
from logster import zstd

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SINGLE_CONNECTIONS = 32
BATCH_CONNECTIONS = 2

#: What most agents use: a middle level of gzip, the default of zstd.
GZIP_LEVEL = 6

#: Path and headers of a request of one load: each server's own (bench/targets.py).
Dialect = tuple[str, dict[str, str]]


@dataclass(frozen=True)
class Load:
    """One line of the table."""

    name: str
    form: str = "lines"
    rows_each: int = 1
    encoding: str = ""
    is_target: bool = False
    #: Whole rows of the load and its longest time, where they are its own.
    rows: int = 0
    seconds: float = 0

    @property
    def connections(self) -> int:
        """Many for single messages, as many programs would; few for batches, as agents do."""
        return SINGLE_CONNECTIONS if self.rows_each == 1 else BATCH_CONNECTIONS


def _batches(size: int) -> tuple[Load, ...]:
    is_target = size == 5000
    return (
        Load(f"NDJSON {size:,}", rows_each=size, is_target=is_target),
        Load(f"NDJSON {size:,} gzip", rows_each=size, encoding="gzip", is_target=is_target),
        Load(f"NDJSON {size:,} zstd", rows_each=size, encoding="zstd"),
    )


#: Long enough for merges to come, and for every buffer to be full.
SUSTAINED = Load("sustained 10 M", rows_each=5_000, is_target=True, rows=10_000_000, seconds=600)
LOADS = (
    Load("single JSON", "json", is_target=True),
    Load("single XML", "xml"),
    Load("single form", "form"),
    *(load for size in (100, 5000, 50_000) for load in _batches(size)),
)

#: Each dialect as its clients batch, and the native path at each of these sizes.
DIALECT_LOADS = (
    Load("single JSON", "json"),
    # Not more: an event that comes again with its id is not stored again.
    Load("Sentry error", "sentry", rows=50_000),
    Load("GELF by HTTP", "gelf"),
    Load("NDJSON 100", rows_each=100),
    Load("CLEF 100", "clef", rows_each=100),
    Load("Datadog 100", "datadog", rows_each=100),
    Load("NDJSON 512", rows_each=512),
    Load("OTLP protobuf 512", "otlp", rows_each=512),
    Load("OTLP JSON 512", "otlp json", rows_each=512),
    Load("NDJSON 1,000", rows_each=1000),
    Load("Loki protobuf 1,000", "loki", rows_each=1000),
    Load("Loki JSON 1,000", "loki json", rows_each=1000),
    Load("_bulk 1,000", "bulk", rows_each=1000),
    Load("text 1,000", "text", rows_each=1000),
)


def build_requests(load: Load, dialect: Dialect, rows: int, seed: int) -> Iterator[bytes]:
    """About `rows` rows (whole batches) as requests."""
    end = datetime.now(UTC)
    size = max(CHUNK, load.rows_each)
    starts = range(0, max(rows, size), size)
    build = partial(build_part, load, dialect, len(starts) * size, seed, end)
    with get_context("fork").Pool(os.cpu_count()) as pool:
        for part in pool.imap(build, starts):
            yield from part


def build_part(
    load: Load, dialect: Dialect, count: int, seed: int, end: datetime, start: int
) -> list[bytes]:
    """The requests of one chunk of rows, or of one batch that is larger."""
    source = make_rows(count, seed, end=end, start=start)
    size = load.rows_each
    rows = [next(source) for _ in range(max(CHUNK, size))]
    path, headers = dialect
    if load.encoding:
        headers = {**headers, "Content-Encoding": load.encoding}
    encode = ENCODERS[load.encoding]
    bodies = (FORMS[load.form](rows[at : at + size]) for at in range(0, len(rows), size))
    return [build_request(path, headers, encode(body)) for body in bodies]


def _as_xml(rows: list[bytes]) -> bytes:
    members = json.loads(rows[0])
    members["Properties"] = json.dumps(members["Properties"])
    inside = "".join(f"<{name}>{escape(str(value))}</{name}>" for name, value in members.items())
    return f"<LogMessage>{inside}</LogMessage>".encode()


def _as_form(rows: list[bytes]) -> bytes:
    members = json.loads(rows[0])
    members["Properties"] = json.dumps(members["Properties"])
    return urlencode(members).encode()


FORMS: dict[str, Callable[[list[bytes]], bytes]] = {
    "json": lambda rows: rows[0],
    "lines": b"\n".join,
    "xml": _as_xml,
    "form": _as_form,
    **{form: partial(encode_rows, form) for form in DIALECTS},
}
ENCODERS: dict[str, Callable[[bytes], bytes]] = {
    "": bytes,
    "gzip": partial(gzip.compress, compresslevel=GZIP_LEVEL),
    "zstd": zstd.compress,
}
