"""systemd's journal, in its export format: `POST /upload`, as `systemd-journal-upload` sends it.

In: entries, a field on each line, an empty line behind each. Out: events.
A field whose value has line ends or is no text stands as its name, a line end, eight bytes that
say how long it is, and the value. Source: https://systemd.io/JOURNAL_EXPORT_FORMATS
Promise: the cursor of an entry is its identity, so what is uploaded again after a failure is
stored once; what is no field here is a property under its own name.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from logster.errors import InvalidBodyError
from logster.fields.exception import split_exception
from logster.fields.line.embedded import read_embedded
from logster.fields.severity import severity_of_syslog
from logster.ingest.columns import Rows
from logster.ingest.credentials import anywhere
from logster.ingest.protocol import Protocol, Reply, Route, oversize_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from logster.errors import LogsterError
    from logster.ingest.protocol import Limits, Reading, Receipt, Request

    #: The fields of an entry: one that is there several times has a list of its values.
    Entry = dict[str, Any]

NS_PER_US = 1_000
_LENGTH_BYTES = 8
#: Whole lines with a name and a value.
_TEXT_FIELDS = re.compile(rb"(?:[^=\n]*+=[^\n]*+\n)*+")
_NO_NAME = "The name of a field is no name: it must have letters, digits and _."
_CUT = "The entry ends in the middle: {}."

#: Our field -> the journal's, the surest first.
_TEXTS: dict[str, tuple[str, ...]] = {
    "application": ("SYSLOG_IDENTIFIER", "_COMM"),
    "category": ("_SYSTEMD_UNIT", "_SYSTEMD_USER_UNIT"),
    "host": ("_HOSTNAME",),
}
#: How the output of a service comes: its priority is then that of all lines of the service.
_STDOUT = "stdout"


def count_parts(body: bytes, _: Request) -> int:
    """About how many lines there are."""
    return body.count(b"\n")


def cut(body: bytes) -> int:
    """Where the last whole entry ends; 0 when there is none."""
    end = place = 0
    while True:
        found = _TEXT_FIELDS.match(body, place)
        place = found.end() if found else place
        if body[place : place + 1] == b"\n":
            end = place = place + 1
            continue
        line_end = body.find(b"\n", place)
        if line_end < 0 or len(body) < line_end + 1 + _LENGTH_BYTES:
            return end
        start = line_end + 1 + _LENGTH_BYTES
        place = start + int.from_bytes(body[line_end + 1 : start], "little") + 1
        if place > len(body):
            return end
        if body[place - 1 : place] != b"\n":  # a wrong length: what is here is read as it is
            return len(body)


def read(body: bytes, _: Request, limits: Limits) -> Reading:
    """The events and rejections of a body; raises InvalidBodyError for one without an entry."""
    rows = Rows(limits)
    number = 0
    for number, entry in enumerate(_read_entries(body, limits.max_message_bytes), 1):
        if isinstance(entry, _Fault):
            rows.reject(number, entry.reason, entry.sentence)
            continue
        fields, size = entry
        cursor = fields.get("__CURSOR")
        identity = cursor if isinstance(cursor, str) else None
        if rows.has_room(number, size):
            rows.add(number, identity=identity, **_fields_of(fields))
    if not number:
        raise InvalidBodyError({"body": ["The body has no entry of a journal."]}, "empty")
    return rows.reading()


class _Fault(NamedTuple):
    """Why an entry is none."""

    reason: str
    sentence: str


def _read_entries(body: bytes, max_bytes: int) -> Iterator[tuple[Entry, int] | _Fault]:
    """Entries with their sizes, or why there is none.

    Behind a wrong length nothing can be told any more. Of an entry that is too large, nothing
    more is made as soon as that is known.
    """
    entry: Entry = {}
    fault: _Fault | None = None
    start, place, end = 0, 0, len(body)
    while place < end:
        if fault and (skipped := _TEXT_FIELDS.match(body, place)):
            place = skipped.end()
        line_end = body.find(b"\n", place)
        line_end = end if line_end < 0 else line_end
        line = body[place:line_end]
        place = line_end + 1
        name, mark, value = line.partition(b"=")
        if not line:
            if entry or fault:
                yield fault or (entry, place - start)
            entry, fault, start = {}, None, place
            continue
        if not mark:
            length = int.from_bytes(body[place : place + _LENGTH_BYTES], "little")
            place += _LENGTH_BYTES
            value = body[place : place + length]
            place += length
            if body[place : place + 1] != b"\n":
                told = name[:50].decode("utf-8", "replace")
                has_not = f"{told} has not the {length} bytes that it says, and a line end"
                yield _Fault("syntax", _CUT.format(has_not))
                return
            place += 1
        if place - start > max_bytes:
            entry, fault = {}, _Fault("too_large", oversize_text(max_bytes))
        elif not (name.isascii() and name):
            fault = fault or _Fault("syntax", _NO_NAME)
        else:
            _put(entry, name.decode(), value)
    if entry or fault:
        yield fault or (entry, end - start)


def _put(entry: Entry, name: str, value: bytes) -> None:
    said = _value_of(value)
    if name not in entry:
        entry[name] = said
    elif isinstance(entry[name], _Several):
        entry[name].append(said)
    else:
        entry[name] = _Several([entry[name], said])


class _Several(list[Any]):
    """The values of a field that stands in an entry several times."""


def _value_of(value: bytes) -> str | list[int]:
    """Text; what is none as its bytes, as `journalctl -o json` shows it."""
    try:
        return value.decode()
    except UnicodeDecodeError:
        return list(value)


def _fields_of(entry: Entry) -> dict[str, Any]:
    """The fields of an event; what becomes none stays in `entry`, its properties."""
    fields: dict[str, Any] = {"properties": entry}
    for field, names in _TEXTS.items():
        name = next((name for name in names if isinstance(entry.get(name), str)), None)
        if name:
            fields[field] = entry.pop(name)
    if (timestamp := _number_of(entry.get("__REALTIME_TIMESTAMP"))) is not None:
        fields["timestamp"] = timestamp * NS_PER_US
        del entry["__REALTIME_TIMESTAMP"]
    if isinstance(entry.get("EXCEPTION_TEXT"), str):  # of Python's handler
        text = entry.pop("EXCEPTION_TEXT")
        fields["exception"], fields["stack_trace"] = split_exception(text)
    fields["message"] = _take_message(entry)
    return _take_severity(entry, fields)


def _take_message(entry: Entry) -> str:
    """The message; an entry without one says what its program has said of it."""
    said = entry.get("MESSAGE")
    if isinstance(said, str):
        del entry["MESSAGE"]
        return said
    if isinstance(said, list) and not isinstance(said, _Several):
        del entry["MESSAGE"]
        return bytes(said).decode("utf-8", "backslashreplace")
    own = (f"{name}={value}" for name, value in entry.items() if not name.startswith("_"))
    return " ".join(own) or "(no message)"


def _take_severity(entry: Entry, fields: dict[str, Any]) -> dict[str, Any]:
    """The priority; before that of a service's output goes what a line of JSON or logfmt says."""
    number = _number_of(entry.get("PRIORITY"))
    severity = None if number is None else severity_of_syslog(number)
    embedded = read_embedded(fields["message"], fields.keys()) or {}
    if severity is not None and not ("severity" in embedded and entry.get("_TRANSPORT") == _STDOUT):
        embedded.pop("severity", None)
        fields["severity"] = severity
        del entry["PRIORITY"]
    properties = {**embedded.pop("properties", {}), **entry}
    return {**embedded, **fields, "properties": properties}


def _number_of(value: Any) -> int | None:
    is_number = isinstance(value, str) and value.isascii() and value.isdecimal()
    return int(value) if is_number and len(value) < 20 else None  # noqa: PLR2004  digits of 64 bits


def reply(_: Receipt, __: Request) -> Reply:
    """The answer to a receipt, as `systemd-journal-remote` gives it."""
    return _text(202, "OK.")


def refuse(error: LogsterError, _: Request) -> Reply:
    """The answer to a body that is turned away whole: the uploader prints it."""
    told = error.sentence
    return _text(error.status, told)


def _text(status: int, text: str) -> Reply:
    headers = [(b"content-type", b"text/plain; charset=utf-8")]
    return Reply(status=status, headers=headers, body=f"{text}\n".encode())


PROTOCOL = Protocol(
    name="journald",
    routes=(Route(path="/upload", is_batch=True),),
    credentials=anywhere,
    count_parts=count_parts,
    cut=cut,
    read=read,
    reply=reply,
    refuse=refuse,
)
