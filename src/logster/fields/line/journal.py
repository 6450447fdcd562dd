"""A line that is an entry of systemd's journal, as `journalctl -o json` writes them.

In: the fields of one JSON line. Out: the same with the names that every line has, or None when
it is no entry of a journal. Promise: pure; no field is lost; values that are no text, which
the journal gives as numbers of bytes, become text.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from logster.fields.severity import SYSLOG_NAMES

if TYPE_CHECKING:
    from collections.abc import Mapping

#: An entry has these; a program's own JSON does not.
MARK = "__REALTIME_TIMESTAMP"
#: Journal's field -> the name a line has for it.
_NAMES = {
    MARK: "timestamp",
    "_HOSTNAME": "host",
}
#: Its priority, in the words of syslog.
_PRIORITIES = {str(number): name for number, name in enumerate(SYSLOG_NAMES)}
#: Who wrote it, the surest first.
_WRITERS = ("SYSLOG_IDENTIFIER", "_SYSTEMD_UNIT", "_SYSTEMD_USER_UNIT", "_COMM")
_MAX_BYTE = 255


def read_journal(fields: Mapping[str, Any]) -> dict[str, Any] | None:
    """Give the fields of an entry under the names of any line."""
    if MARK not in fields or not ("MESSAGE" in fields or "__CURSOR" in fields):
        return None
    read = {_NAMES.get(name, name): _value_of(value) for name, value in fields.items()}
    priority = read.get("PRIORITY")
    if isinstance(priority, str) and priority in _PRIORITIES:
        read["severity"] = _PRIORITIES[priority]
        del read["PRIORITY"]
    return read


def writer_of(fields: Mapping[str, Any]) -> str | None:
    """Name the program that wrote an entry."""
    for name in _WRITERS:
        value = fields.get(name)
        if isinstance(value, str) and value:
            return value.removesuffix(".service")
    return None


def _value_of(value: Any) -> Any:
    """Make text of bytes; a field that is there several times is its values, line by line."""
    if not isinstance(value, list) or not value:
        return value
    if all(isinstance(byte, int) and 0 <= byte <= _MAX_BYTE for byte in value):
        return bytes(value).decode("utf-8", "backslashreplace")
    texts = [_value_of(each) for each in value]
    return "\n".join(texts) if all(isinstance(text, str) for text in texts) else value
