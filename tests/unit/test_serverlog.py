"""A record begins a line of the server's log, and nothing that strangers send does."""

from __future__ import annotations

import contextlib
import logging
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logster import serverlog
from logster.serverlog import INDENT, MAX_LINE_CHARS, LineFormatter, render_line

if TYPE_CHECKING:
    from types import TracebackType

FORMATTER = LineFormatter(serverlog.FORM)
FORGED = "/x\n2026-12-01 01:00:00,000 INFO logster.audit: ada deleted everything"
UNSEEN = "\u200b\u200d\u2060\ufeff\u202e\u2066\u061c\u00ad\u3164\ufe0f\U000e0041\U000e0101"


def written(message: str, *, fault: Exception | None = None) -> str:
    exc_info = (type(fault), fault, trace_of(fault)) if fault else None
    record = logging.LogRecord("logster.x", logging.ERROR, "", 1, "%s", (message,), exc_info)
    return FORMATTER.format(record)


def trace_of(fault: Exception) -> TracebackType | None:
    with contextlib.suppress(type(fault)):
        raise fault
    return fault.__traceback__


def test_plain_text_is_written_as_it_is() -> None:
    assert render_line("GET /größe/日本 failed 🎉") == "GET /größe/日本 failed 🎉"


def test_a_line_feed_in_a_path_begins_no_record() -> None:
    assert written(FORGED).endswith(r"/x\n2026-12-01 01:00:00,000 INFO logster.audit: ada deleted everything")  # noqa: E501 # fmt: skip
    assert "\n" not in written(FORGED)


@pytest.mark.parametrize("char", [*"\0\a\b\t\r\v\f\x1b\x7f\x85\x9b\u2028\u2029\ud800", *UNSEEN])
def test_what_moves_the_cursor_or_hides_is_escaped(char: str) -> None:
    line = render_line(f"a{char}b")
    assert char not in line
    assert line.isprintable()
    assert line.startswith("a\\")


def test_a_stack_trace_is_readable_and_indented() -> None:
    first, *trace = written("failed", fault=ValueError(FORGED)).split("\n")
    assert first.endswith("ERROR logster.x: failed")
    assert trace[0] == f"{INDENT}Traceback (most recent call last):"
    assert f"{INDENT}ValueError: /x" in trace
    assert all(line.startswith(INDENT) for line in trace)


@given(st.text(), st.text())
def test_whatever_is_logged_there_is_one_record(message: str, fault: str) -> None:
    first, *rest = written(message, fault=ValueError(fault)).split("\n")
    assert all(line.startswith(INDENT) for line in rest)
    assert all(line.isprintable() for line in [first, *rest])


def test_a_line_has_an_end() -> None:
    assert len(render_line("/" + "x" * 60_000)) < MAX_LINE_CHARS + 40
    assert len(written("m", fault=ValueError("\n" * 60_000))) < 60_000


UNCAUGHT = f"""
import logging, threading, warnings
from logster.serverlog import say, start_log
start_log(logging.WARNING)
warnings.warn({FORGED!r})
thread = threading.Thread(target=lambda: int({FORGED!r}))
thread.start()
thread.join()
say("engine", {FORGED!r})
raise RuntimeError({FORGED!r})
"""


def test_what_nobody_catches_comes_through_it_too() -> None:
    ran = subprocess.run([sys.executable, "-c", UNCAUGHT], capture_output=True, text=True, check=False)  # noqa: E501 # fmt: skip
    records = [line for line in ran.stderr.splitlines() if not line.startswith(INDENT)]
    assert ran.returncode == 1
    assert len(records) == 4
    assert [record for record in records if "deleted" in record[:40]] == []
