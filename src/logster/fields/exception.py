"""The text of an exception, as runtimes print it: what it says, and where it was raised.

In: one text with both, as `Exception.ToString()`, `traceback.format_exc()` and `Error.stack` give
it. Out: the exception, and the stack trace. Promise: pure, linear; the stack trace is the whole
text as it was sent; a text that shows no place is an exception alone.
"""

from __future__ import annotations

import itertools
import re

from logster.fields.trace import is_of_trace

_PYTHON = "Traceback (most recent call last)"
#: Where a trace begins that stands behind a message: Python's, or the first frame of others.
_TRACE = re.compile(
    r"""^(?:(Traceback\ \(most\ recent\ call\ last\))
    |[ \t]{1,40}at\ \S                                  # Java, .NET, JavaScript
    |goroutine\ \d{1,9}\ \[                             # Go
    |\#0\ (?:\S{1,500}\(\d{1,9}\):|\{main\})           # PHP
    |[ \t]{1,40}from\ \S{1,500}:\d{1,9}:in\            # Ruby
    |stack\ backtrace:                                 # Rust
    )""",
    re.MULTILINE | re.VERBOSE,
)


def split_exception(text: str) -> tuple[str, str | None]:
    """The exception, and its stack trace when the text has one."""
    if "\n" not in text.strip():
        return text, None
    said = _said_by_python(text) if _PYTHON in text else _said_before_trace(text)
    return (text, None) if said == text.strip() else (said, text)


def _said_by_python(text: str) -> str:
    """What stands behind the last frame: there Python says what was raised."""
    lines = _lines_of(text[text.rindex(_PYTHON) :])[1:]
    said = "\n".join(itertools.dropwhile(_is_indented, lines)).strip()
    return said or text.strip().partition("\n")[0]


def _is_indented(line: str) -> bool:
    return line[:1].isspace() or not line


def _said_before_trace(text: str) -> str:
    """What stands before the first frame, as most languages have it."""
    first, *rest = _lines_of(text.strip())
    return "\n".join([first, *itertools.takewhile(_is_said, rest)]).strip()


def _lines_of(text: str) -> list[str]:
    return text.replace("\r\n", "\n").split("\n")


def _is_said(line: str) -> bool:
    return not is_of_trace(line)


def split_message(text: str) -> tuple[str, str | None]:
    """What a logger said, and the text of the exception that stands behind it, if there is one."""
    found = _TRACE.search(text) if "\n" in text else None
    if found is None:
        return text, None
    if found[1]:
        return text[: found.start()].rstrip() or text, text[found.start() :]
    said, _, raised = text[: found.start()].rstrip().rpartition("\n")
    return (said, raised + "\n" + text[found.start() :]) if said else (raised, text)


def find_trace(text: str) -> tuple[str, str, str] | None:
    """What a logger said, the exception and the stack trace behind it; None when there is none."""
    said, raised = split_message(text)
    if raised is None:
        return None
    exception, stack_trace = split_exception(raised)
    return (said, exception, stack_trace) if stack_trace else None
