"""What an engine that ended at a bad moment left wrong, made right while nobody has it open.

In: the engine's folder. Out: the number of tokens that were taken back.
Promise: a token counts only while the part that came with it is there.

The engine writes the token of an insert down before the part has its name, and it does not
notice when a write fails (store/embedded). After a kill between the two, or when the part turns
out to be broken, it would take the block that comes again for one that it has.

A token is a line of `deduplication_logs/deduplication_log_N.txt`: `1`, the part and the token
with tabs in between; `2` takes it back. The file is changed in place, one byte for another: that
needs no room on a full disk.
"""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

LOGS = "store/*/*/deduplication_logs/deduplication_log_*.txt"
_TOKEN = re.compile(rb"^1\t([^\t\n]+)\t[^\n]*\n", re.MULTILINE)
_TAKEN_BACK = b"2"
#: Day, first and last block, level, and the mutation when there was one. What has words before
#: it (tmp_insert_, delete_tmp_) is no part yet, or none any more.
_PART = re.compile(r"([^_]+)_(\d+)_(\d+)_\d+(?:_\d+)?")

#: The first and the last block of each part, by day.
Parts = dict[str, list[tuple[int, int]]]


def take_back_tokens(folder: Path) -> int:
    """Take back the tokens of parts that are not there; raises OSError."""
    count = 0
    for log in folder.glob(LOGS):
        parts = _find_parts(log.parent.parent)
        with log.open("r+b") as file:
            text = file.read()
            # A line that was cut would hide those written after it.
            file.truncate(text.rfind(b"\n") + 1)
            for place in _find_lost(text, parts):
                file.seek(place)
                file.write(_TAKEN_BACK)
                count += 1
    return count


def _find_parts(table: Path) -> Parts:
    parts: Parts = defaultdict(list)
    for path in table.iterdir():
        if name := _PART.fullmatch(path.name):
            day, first, last = name.groups()
            parts[day].append((int(first), int(last)))
    return parts


def _find_lost(text: bytes, parts: Mapping[str, list[tuple[int, int]]]) -> Iterator[int]:
    """Where the lines begin whose part is neither there nor merged into one that is."""
    for line in _TOKEN.finditer(text):
        name = _PART.fullmatch(line[1].decode())
        if name is None:
            continue
        day, first, last = name[1], int(name[2]), int(name[3])
        if not any(start <= first and last <= end for start, end in parts.get(day, ())):
            yield line.start()
