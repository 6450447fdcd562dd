"""Stack traces: the lines that belong to the message before them.

In: lines, one after the other. Out: messages, of which one may hold several lines.
Promise: no line is lost or moved; a line that only may belong to a trace (an empty one,
`ValueError: x`) is joined when one that certainly does stands behind it, else it is a message of
its own.
"""

from __future__ import annotations

import itertools
import re
from collections import deque
from typing import TYPE_CHECKING

from logster.fields.ansi import plain_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

#: Beyond these a stack trace is none.
MAX_JOINED_LINES = 1000
MAX_JOINED_CHARACTERS = 1_000_000
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


def is_of_trace(line: str) -> bool:
    """Whether a line is never said but within a trace; any that is indented is one."""
    return _CERTAIN.match(line) is not None


class Trace:
    """A message, and how many lines behind it belong to it so far."""

    def __init__(self, first: str) -> None:
        self._first = plain_of(first)
        self._characters = 0
        self._count = 1
        #: The last so many lines only may belong to it.
        self.doubtful = 0
        self._in_python = False
        self._in_go = False
        self._in_panic = False
        self._opened = 0
        self._note(self._first)

    @property
    def certain(self) -> int:
        """How many lines, with the first one, surely belong together."""
        return self._count - self.doubtful

    def take(self, line: str) -> bool:
        """Join a line, certainly or in doubt; False when it is none of this message."""
        text = plain_of(line)
        if self._is_full(text):
            return False
        if self._is_certain(text):
            self.doubtful = 0
        elif self._is_doubtful(text) and self.doubtful < MAX_DOUBTFUL_LINES:
            self.doubtful += 1
        else:
            return False
        self._count += 1
        self._characters += len(text)
        self._note(text)
        return True

    def _note(self, text: str) -> None:
        """Remember what the next line needs to know."""
        if text.startswith("Traceback (most"):
            self._in_python = True
        elif text and not text[0].isspace() and self._in_python:
            self._in_python = False
        self._in_go = self._in_go or text.startswith("goroutine ")
        self._in_panic = "panicked at " in text and text.endswith(":")
        self._opened += text.endswith("{") - text.startswith("}")

    def _is_full(self, text: str) -> bool:
        return (
            self._count >= MAX_JOINED_LINES or self._characters + len(text) > MAX_JOINED_CHARACTERS
        )

    def _is_certain(self, text: str) -> bool:
        if _CERTAIN.match(text):
            return not _INDENTED_MESSAGE.match(text)
        if self._in_python and _PYTHON_END.match(text):
            return True
        if self._in_panic or (self._in_go and text.startswith("exit status ")):
            return True
        return _CLOSING.match(text) is not None and (self._opened > 0 or text[0] == '"')

    def _is_doubtful(self, text: str) -> bool:
        if not text.strip():
            return self._count > 1 or _LOGGED.match(self._first) is not None
        if self._in_go and _GO_CALL.match(text):
            return True
        is_within = self.certain > 1
        return _EXCEPTION.match(text) is not None and (
            is_within or _LOGGED.match(self._first) is not None
        )


def join_traces(lines: Iterable[str]) -> Iterator[str]:
    """Messages of lines that are all there: of a batch, of a file. Few are held at a time."""
    coming = iter(lines)
    waiting: deque[str] = deque(itertools.islice(coming, 1))
    while waiting:
        held = [waiting.popleft()]
        trace = Trace(held[0])
        while True:
            if not waiting:
                waiting.extend(itertools.islice(coming, 1))
            if not waiting or not trace.take(waiting[0]):
                break
            held.append(waiting.popleft())
        yield "\n".join(held[: trace.certain])
        waiting.extendleft(reversed(held[trace.certain :]))
