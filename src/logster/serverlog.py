"""The server's log: every line that a part writes to standard error goes through here.

In: log records, and sentences of the supervisor and the engine. Out: lines.
Promise: a record begins at the start of a line and nothing else does: what strangers send (a path
with a line feed, a name with letters that cannot be seen) is written escaped, and a stack trace
is indented below its record.
"""

from __future__ import annotations

import contextlib
import logging
import re
import sys
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import TracebackType

FORM = "%(asctime)s %(levelname)s %(name)s: %(message)s"
INDENT = "    "
#: A line of more is cut: nobody reads it, and a path may have 64 KB.
MAX_LINE_CHARS = 4_000
MAX_TRACE_LINES = 400

#: Letters that Python calls printable and nobody sees: joiners, fillers, variation selectors.
_UNSEEN = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)

log = logging.getLogger(__name__)


def render_line(text: str) -> str:
    r"""Text on one line; what is not plainly seen is an escape such as `\n` or `\u202e`."""
    if len(text) > MAX_LINE_CHARS:
        text = f"{text[:MAX_LINE_CHARS]}… ({len(text) - MAX_LINE_CHARS} more characters)"
    if text.isprintable() and not _UNSEEN.search(text):
        return text
    return "".join(
        char if char.isprintable() and not _UNSEEN.match(char) else _escaped(char) for char in text
    )


def _escaped(char: str) -> str:
    return char.encode("unicode_escape").decode()


class LineFormatter(logging.Formatter):
    """Renders a record: one line, and its stack trace indented below."""

    def format(self, record: logging.LogRecord) -> str:
        """The whole text of a record, without the last line's end."""
        record.message = render_line(record.getMessage())
        if self.usesTime():
            record.asctime = self.formatTime(record, self.datefmt)
        lines = [self.formatMessage(record)]
        if record.exc_info:
            lines += _indented(self.formatException(record.exc_info))
        if record.stack_info:
            lines += _indented(record.stack_info)
        return "\n".join(lines)


def _indented(trace: str) -> list[str]:
    lines = trace.split("\n")
    if len(lines) > MAX_TRACE_LINES:
        half = MAX_TRACE_LINES // 2
        lines = [*lines[:half], f"… ({len(lines) - 2 * half} more lines)", *lines[-half:]]
    return [INDENT + render_line(line) for line in lines]


def start_log(level: int, form: str = FORM) -> None:
    """Have all loggers of this process, and what nobody catches, written to standard error."""
    handler = logging.StreamHandler()
    handler.setFormatter(LineFormatter(form))
    logging.basicConfig(level=level, handlers=[handler])
    logging.captureWarnings(True)
    sys.excepthook = _log_uncaught
    threading.excepthook = _log_uncaught_of_thread


def _log_uncaught(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    log.critical("nobody caught this", exc_info=(kind, error, trace))


def _log_uncaught_of_thread(of_thread: threading.ExceptHookArgs) -> None:
    error = of_thread.exc_value
    if error is not None and not isinstance(error, SystemExit):
        name = of_thread.thread.name if of_thread.thread else "a thread"
        log.critical("nobody caught this in %s", name, exc_info=error)


def say(who: str, text: str) -> None:
    """One line for the operator, if there is anybody to read it."""
    with contextlib.suppress(OSError):  # it may go to a file on a full disk
        sys.stderr.write(f"{who}: {render_line(text)}\n")
        sys.stderr.flush()
