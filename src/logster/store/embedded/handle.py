"""chDB's handles: opened, set up, asked, read; the only importer of chdb.

A handle serialises its calls, and settings, readonly mode and temporary tables end with it.
Opening one takes 0.3 ms, so every call has a handle of its own.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from chdb import _chdb

from logster.store.embedded.dialect import Result
from logster.store.embedded.settings import CALL_SETTINGS, render_settings

if TYPE_CHECKING:
    from collections.abc import Iterator


def connect(address: str) -> Any:
    """A handle of the engine with this folder; the first one opens it."""
    return _chdb.connect(address)  # type: ignore[attr-defined]  # an extension module


def prepare(handle: Any, database: str, settings: dict[str, str], mark: str) -> None:
    """Let a handle be in a database, with these settings, known to `kill` by a mark."""
    handle.query("USE {name:Identifier}", "TSV", params={"name": database})
    settings = CALL_SETTINGS | settings | {"log_comment": mark}
    handle.query(render_settings(settings), "TSV", params={})


def insert(handle: Any, statement: str, data_format: str, data: bytes) -> Result:
    """Insert data as a file of this process's memory.

    The handle's own way for data (`send_insert`) reports success when the disk is full, and
    stores nothing.
    """
    file = os.memfd_create("insert")
    try:
        with open(file, "wb", closefd=False) as writer:
            writer.write(data)
        infile = f"{statement} FROM INFILE '/proc/self/fd/{file}' FORMAT {data_format}"
        return result_of(handle.query(infile, "TSV", params={}))
    finally:
        os.close(file)


def pieces(handle: Any, stream: Any) -> Iterator[bytes]:
    """The pieces of an answer that is sent while it is made."""
    while True:
        answer = handle.streaming_fetch_result(stream)
        if answer is None or not answer.rows_read():
            return
        yield bytes_of(answer)


def result_of(answer: Any) -> Result:
    """An answer with what the engine counted."""
    return Result(
        body=bytes_of(answer),
        rows_read=answer.storage_rows_read(),
        bytes_read=answer.storage_bytes_read(),
        rows_written=answer.rows_written(),
        bytes_written=answer.bytes_written(),
        elapsed_ns=int(answer.elapsed() * 1e9),
    )


def bytes_of(answer: Any) -> bytes:
    """The text of an answer."""
    return bytes(answer.bytes() or b"")


def read_names(handle: Any, question: str) -> frozenset[str]:
    """The words of an answer."""
    return frozenset(bytes_of(handle.query(question, "TSV", params={})).decode().split())
