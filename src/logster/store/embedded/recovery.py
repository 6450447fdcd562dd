"""What an engine that ended at a bad moment left wrong, made right before anybody asks it again.

In: the engine's folder. Out: the number of tokens that were taken back; and, of an engine that
runs, whether an insert that failed has left one that should be.
Promise: a token counts only while the part that came with it is there.

The engine writes the token of an insert down before the part has its name, and it does not
notice when a write fails (`database`). After a kill between the two, or when the part turns
out to be broken, it would take the block that comes again for one that it has.

A token is a line of `deduplication_logs/deduplication_log_N.txt`: `1`, the part and the token
with tabs in between; `2` takes it back. The file is changed in place, one byte for another, which
needs no room on most disks.
"""

from __future__ import annotations

import os
import re
from collections import defaultdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

LOGS = "store/*/*/deduplication_logs/deduplication_log_*.txt"
_TOKEN = re.compile(rb"^1\t([^\t\n]+)\t[^\n]*\n", re.MULTILINE)
_TAKEN_BACK = b"2"
#: Day, first and last block, level, and the mutation when there was one. What has words before
#: it (tmp_insert_, delete_tmp_) is no part yet, or none any more.
_PART = re.compile(rb"([^_]+)_(\d+)_(\d+)_\d+(?:_\d+)?")


def take_back_tokens(folder: Path) -> int:
    """Take back the tokens of parts that are not there; raises OSError."""
    count = 0
    for log in folder.glob(LOGS):
        with log.open("r+b") as file:
            text = file.read()
            whole = text.rfind(b"\n") + 1
            if whole < len(text):  # a line that was cut would hide those written after it
                file.truncate(whole)
            for place in _find_lost(text, log.parent.parent):
                file.seek(place)
                file.write(_TAKEN_BACK)
                count += 1
    return count


def measure_logs(folder: Path) -> dict[Path, int]:
    """How many bytes of tokens each table has."""
    return {log: log.stat().st_size for log in folder.glob(LOGS)}


def has_lost_tokens(folder: Path, since: Mapping[Path, int]) -> bool:
    """Whether a token without a part was written after the logs were measured."""
    return any(
        _find_lost(log.read_bytes()[since.get(log, 0) :], log.parent.parent)
        for log in folder.glob(LOGS)
    )


def _find_lost(text: bytes, table: Path) -> list[int]:
    """Where the lines begin whose part is neither there nor merged into one that is."""
    parts = _find_parts(table)  # after the text was read: a part comes after its token
    lost = []
    for line in _TOKEN.finditer(text):
        name = _PART.fullmatch(line[1])
        if name is None:
            continue
        day, first, last = name[1], int(name[2]), int(name[3])
        if not any(start <= first and last <= end for start, end in parts.get(day, ())):
            lost.append(line.start())
    return lost


def _find_parts(table: Path) -> dict[bytes, list[tuple[int, int]]]:
    """The first and the last block of each part, by day."""
    parts: dict[bytes, list[tuple[int, int]]] = defaultdict(list)
    for path in table.iterdir():
        if name := _PART.fullmatch(os.fsencode(path.name)):
            day, first, last = name.groups()
            parts[day].append((int(first), int(last)))
    return parts
