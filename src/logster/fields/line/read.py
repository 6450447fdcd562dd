"""What a line of a log says about itself: its time, its severity, its fields.

In: one line of text, the instant it was read and the zone its clock runs in.
Out: a `Line`. Promise: pure; never raises, whatever the text; never guesses when the
shape is not certain; the message is the line as it was written, except that JSON and
logfmt lines that carry a message of their own are taken apart and nothing of them is
lost: what has no field of its own becomes a property. A stack trace behind a message has fields of
its own; of access logs the parts are properties.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from logster.fields.ansi import ESCAPE, plain_of
from logster.fields.exception import find_trace
from logster.fields.line.access import read_access
from logster.fields.line.jsonline import read_json
from logster.fields.line.logfmt import read_logfmt
from logster.fields.line.members import Line
from logster.fields.line.severity import read_priority, read_severity
from logster.fields.line.timestamp import read_time

if TYPE_CHECKING:
    from logster.fields.line.timestamp import Clock

#: The name of a line as it was written, with its colours, when its message is but a part of it.
ORIGINAL = "OriginalMessage"


def read_line(text: str, clock: Clock) -> Line:
    """Read one line: JSON, logfmt, an access log, else text with a time and a severity at its head.

    It is read without its colours; the message keeps them, to be shown.
    """
    plain = plain_of(text).strip() if ESCAPE in text else text
    line = _read_form(plain, clock) or _read_text(plain, clock)
    if line.message == plain:
        line.message = text
    elif ESCAPE in text:
        line.properties.setdefault(ORIGINAL, text)
    if "\n" in line.message and line.fields.keys().isdisjoint(("exception", "stack_trace")):
        _split_trace(line)
    return line


def _split_trace(line: Line) -> None:
    """The stack trace behind a message has a field of its own."""
    if found := find_trace(line.message):
        line.message, line.fields["exception"], line.fields["stack_trace"] = found


def _read_form(text: str, clock: Clock) -> Line | None:
    """Read a line of a form that has names for its parts; None when it is of none."""
    if text.startswith("{"):
        return read_json(text, clock)
    if '] "' in text and (line := read_access(text, clock)):
        return line
    return read_logfmt(text, clock) if "=" in text else None


def _read_text(text: str, clock: Clock) -> Line:
    timestamp, rest = read_time(text, clock)
    severity = read_priority(text)
    if severity is None:
        severity = read_severity(text, rest)
    return Line(message=text, timestamp=timestamp, severity=severity)
