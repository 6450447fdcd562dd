"""Stack traces: the lines that belong to the message before them.

In: rows. Out: rows, of which one may hold several lines. Promise: no line is lost or moved;
a line that only may belong to a trace (an empty one, `ValueError: x`) is joined when one that
certainly does stands behind it, else it is a message of its own; a message waits no longer
than `JOIN_WAIT_S` for more of it, since nobody knows whether more will come.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec

from logster.fields.ansi import plain_of
from logster.follow.rows import Row

if TYPE_CHECKING:
    from collections.abc import Iterator


#: Beyond these a stack trace is none.
MAX_JOINED_LINES = 1000
MAX_JOINED_CHARACTERS = 1_000_000
#: What is written in one go arrives in one look or two.
JOIN_WAIT_S = 1.0
#: So many lines that only may belong to a trace stand behind each other at most:
#: an empty one and the next exception.
MAX_DOUBTFUL_LINES = 3

#: A log line of its own, though it is indented.
_INDENTED_MESSAGE = re.compile(r"\s+[\[(]?\d{4}[-/.]\d\d[-/.]\d\d[T ]\d\d:", re.ASCII)
#: What is never said but within a trace.
_CERTAIN = re.compile(
    r"""[ \t]+\S                                # frames of most languages, source lines
    |at\ |Caused\ by|Wrapped\ by|\.\.\.\ \d+\ (?:more|common\ frames)    # Java, JavaScript
    |---\ End\ of\ |--->\                       # .NET
    |Traceback\ \(most|During\ handling\ of|The\ above\ exception        # Python
    |goroutine\ \d+\ \[|created\ by\ \S+\.      # Go
    |\#\d+\ |Stack\ trace:|\[stacktrace\]       # PHP, Dart, gdb
    |stack\ backtrace:|note:\ run\ with\ `RUST_BACKTRACE                  # Rust
    |\S+\.rb:\d+:in\                            # Ruby
    """,
    re.ASCII | re.VERBOSE,
)
#: java.io.IOException: gone · System.Exception · TypeError: x is undefined · ** (RuntimeError) x
_EXCEPTION = re.compile(
    r"(?:\*\* \(|Uncaught |Unhandled exception\. )?(?:[\w$]+[.:\\]{1,2}){0,15}"
    r"[\w$]{0,100}(?:Exception|Error|Throwable|Failure|Fault|Interrupt|Exit)\b[^\n]{0,1}",
    re.ASCII,
)
#: The last line of a Python traceback is any name, ValueError or shop.errors.Empty: text.
_PYTHON_END = re.compile(r"[A-Za-z_][\w.]*(?::|$)", re.ASCII)
_GO_CALL = re.compile(r"[\w./*()-]+\(.{0,500}\)$|exit status \d", re.ASCII)
#: The line that closes what a line before it opened: Node's properties, Laravel's JSON.
_CLOSING = re.compile(r"\}\s*$|\"\}\s*$", re.ASCII)
#: What a message looks like that its logger wrote: behind it, an exception is its own.
_LOGGED = re.compile(
    r"\W{0,3}\d\d|.{0,80}\b(?:WARN|WARNING|ERROR|ERR|FATAL|CRITICAL|SEVERE|panic|panicked)\b",
    re.IGNORECASE,
)


class _Message(msgspec.Struct):
    """A message and what was joined to it so far."""

    rows: list[Row]
    grown_at: float
    characters: int = 0
    #: The last so many rows only may belong to it.
    doubtful: int = 0
    in_python: bool = False
    in_go: bool = False
    in_panic: bool = False
    opened: int = 0

    def take(self, row: Row) -> bool:
        """Join a row, certainly or in doubt; False when it is none of this message."""
        text = plain_of(row.text or "")
        if row.text is None or self.rows[0].text is None or self._is_full(text):
            return False
        if self._is_certain(text):
            self.doubtful = 0
        elif self._is_doubtful(text) and self.doubtful < MAX_DOUBTFUL_LINES:
            self.doubtful += 1
        else:
            return False
        self.rows.append(row)
        self.characters += len(text)
        self.note(text)
        return True

    def note(self, text: str) -> None:
        """Remember what the next line needs to know."""
        if text.startswith("Traceback (most"):
            self.in_python = True
        elif text and not text[0].isspace() and self.in_python:
            self.in_python = False
        self.in_go = self.in_go or text.startswith("goroutine ")
        self.in_panic = "panicked at " in text and text.endswith(":")
        self.opened += text.endswith("{") - text.startswith("}")

    def _is_full(self, text: str) -> bool:
        return (
            len(self.rows) >= MAX_JOINED_LINES
            or self.characters + len(text) > MAX_JOINED_CHARACTERS
        )

    def _is_certain(self, text: str) -> bool:
        if _CERTAIN.match(text):
            return not _INDENTED_MESSAGE.match(text)
        if self.in_python and _PYTHON_END.match(text):
            return True
        if self.in_panic or (self.in_go and text.startswith("exit status ")):
            return True
        return _CLOSING.match(text) is not None and (self.opened > 0 or text[0] == '"')

    def _is_doubtful(self, text: str) -> bool:
        first = plain_of(self.rows[0].text or "")
        if not text.strip():
            return len(self.rows) > 1 or _LOGGED.match(first) is not None
        if self.in_go and _GO_CALL.match(text):
            return True
        is_within = len(self.rows) - self.doubtful > 1
        return _EXCEPTION.match(text) is not None and (is_within or bool(_LOGGED.match(first)))


class TraceJoiner:
    """Holds the last message of each source until it is known to be whole."""

    def __init__(self) -> None:
        self._held: dict[str, _Message] = {}

    def add(self, row: Row, now: float) -> Iterator[Row]:
        """Take a row; give the messages that are whole by it."""
        if not row.number:  # no line: everything before it goes first
            yield from self.release()
            yield row
            return
        message = self._held.get(row.source)
        if message and message.take(row):
            message.grown_at = now
            return
        if message:
            yield from self._end(row.source, now)
            if row.source in self._held:  # what was in doubt is a message now, and may want it
                yield from self.add(row, now)
                return
        fresh = _Message([row], grown_at=now)
        fresh.note(plain_of(row.text or ""))
        self._held[row.source] = fresh

    def due(self, now: float) -> Iterator[Row]:
        """Give what has waited long enough."""
        for source, message in list(self._held.items()):
            if now - message.grown_at >= JOIN_WAIT_S:
                yield from self._empty(source)

    def release(self) -> Iterator[Row]:
        """Give everything: no more will come."""
        for source in list(self._held):
            yield from self._empty(source)

    def _empty(self, source: str) -> Iterator[Row]:
        while source in self._held:
            yield from self._end(source, self._held[source].grown_at)

    def _end(self, source: str, now: float) -> Iterator[Row]:
        """End a message; what was in doubt begins again as messages of its own."""
        message = self._held.pop(source)
        certain = len(message.rows) - message.doubtful
        yield _joined(message.rows[:certain])
        for row in message.rows[certain:]:
            yield from self.add(row, now)


def _joined(rows: list[Row]) -> Row:
    if len(rows) == 1:
        return rows[0]
    return rows[0]._replace(text="\n".join(row.text or "" for row in rows), place=rows[-1].place)
