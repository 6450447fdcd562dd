"""Disks and spools in words: the same for what a server tells and what is seen here."""

from __future__ import annotations

from typing import Any

from logster.cli.answer import ClientError


def describe_disk(free_bytes: int, total_bytes: int) -> str:
    """Say how much room a disk has."""
    return f"{shorten_size(free_bytes)} of {shorten_size(total_bytes)} free"


def shorten_size(count: int) -> str:
    """A number of bytes for people."""
    size = float(count)
    for unit in ("bytes", "KiB", "MiB", "GiB"):
        if size < 1024:  # noqa: PLR2004  the next unit begins there
            return f"{size:.0f} {unit}"
        size /= 1024
    return f"{size:,.1f} TiB"


def describe_spools(spools: list[dict[str, Any]]) -> str:
    """Say what waits; raises ClientError when something is damaged, lost or was set aside."""
    for spool in spools:
        if fault := spool.get("fault"):
            raise ClientError(
                f"{spool['name']} is damaged ({fault}); move its file elsewhere with its -wal and "
                "-shm, and read it by `sqlite3 FILE .recover`."
            )
    events, size, aside, lost = (
        sum(spool.get(name, 0) for spool in spools)
        for name in ("events", "bytes", "aside_events", "lost_events")
    )
    text = f"{events:,} events ({shorten_size(size)}) wait for the store"
    if lost:
        raise ClientError(f"{text}; {lost:,} acknowledged events are lost by damage.")
    if aside:
        raise ClientError(f"{text}; {aside:,} were refused by the store and set aside.")
    return text
