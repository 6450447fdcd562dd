"""Stack traces of all languages become frames; and what comes of any text.

A case is `tests/corpus/traces/<family>/NNN-name.txt` and beside it `NNN-name.json`: the family, the
exceptions, the culprit. `LOGSTER_WRITE_CORPUS=1` writes the latter; whoever keeps it has read it.
"""

from __future__ import annotations

import json
import os
import time
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logster.track.frames.draft import MAX_FRAMES, MAX_RAISED
from logster.track.frames.read import FAMILIES, read_chain
from support.examples import examples
from support.traces import TRACES, outcome_of, text_of

if TYPE_CHECKING:
    from pathlib import Path

    from logster.track.chain import Raised
    from logster.track.frames.family import Family

IS_WRITING = bool(os.environ.get("LOGSTER_WRITE_CORPUS"))
TEXTS = [text_of(trace) for trace in TRACES]


def by_name(trace: Path) -> str:
    return f"{trace.parent.name}/{trace.stem}"


@pytest.mark.parametrize("trace", TRACES, ids=by_name)
def test_a_recorded_trace_is_read_as_recorded(trace: Path) -> None:
    recorded = trace.with_suffix(".json")
    expected: dict[str, Any] = json.loads(recorded.read_text()) if recorded.exists() else {}
    outcome = outcome_of(read_chain(text_of(trace)))
    if IS_WRITING:
        recorded.write_text(json.dumps(outcome, indent=2, ensure_ascii=False) + "\n")
    else:
        assert expected == outcome


@pytest.mark.parametrize("trace", TRACES, ids=by_name)
def test_only_its_own_family_reads_a_trace(trace: Path) -> None:
    chain = read_chain(text_of(trace))

    assert chain is not None
    assert chain.family == trace.parent.name


@pytest.mark.parametrize("trace", TRACES, ids=by_name)
def test_a_trace_may_have_the_line_ends_of_windows_and_colours(trace: Path) -> None:
    text = text_of(trace).replace("\r\n", "\n")
    expected = read_chain(text)

    assert read_chain(text.replace("\n", "\r\n")) == expected
    coloured = "\n".join(f"\x1b[31m{line}\x1b[0m" for line in text.split("\n"))
    assert read_chain(coloured) == expected


@pytest.mark.parametrize(
    "trace", [trace for trace in TRACES if "\n" in text_of(trace).strip()], ids=by_name
)
@pytest.mark.parametrize("prefix", ["web-1  | ", "2026-03-01T09:14:02.113Z stderr F "])
def test_something_may_stand_before_each_line(trace: Path, prefix: str) -> None:
    text = text_of(trace).replace("\r\n", "\n").rstrip()
    prefixed = "\n".join(prefix + line for line in text.split("\n"))

    assert read_chain(prefixed) == read_chain(text)


# --- anything at all ----------------------------------------------------------------------

LINES = st.sampled_from(sorted({line for text in TEXTS for line in text.split("\n")}))
PIECES = st.one_of(LINES, st.text(max_size=40), st.just("Caused by: "), st.just("\x1b["))
MIXED = st.lists(PIECES, max_size=40).map("\n".join)


@st.composite
def cut(draw: st.DrawFn) -> str:
    """A recorded trace of which something is missing at either end."""
    text = draw(st.sampled_from(TEXTS))
    start = draw(st.integers(0, len(text) // 2))
    return text[start : draw(st.integers(start, len(text)))]


@given(st.one_of(MIXED, cut()))
@examples(2)
def test_any_text_gives_a_bounded_tree_or_nothing(text: str) -> None:
    chain = read_chain(text)

    if chain is not None:
        check_tree(chain.raised)


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
@given(text=st.one_of(MIXED, cut()))
@examples(1)
def test_a_family_reads_also_what_it_does_not_claim(family: Family, text: str) -> None:
    check_tree(family.read(text))


def check_tree(raised: tuple[Raised, ...]) -> None:
    assert len(raised) <= MAX_RAISED
    for index, each in enumerate(raised):
        assert len(each.frames) <= MAX_FRAMES
        assert (each.parent is None) == (index == 0)
        assert (each.relation is None) == (index == 0)
        assert each.parent is None or 0 <= each.parent < index


HUGE = 200_000
HOSTILE = {
    "one line": "x" * HUGE,
    "one line of names": "a." * (HUGE // 2),
    "one line of words": "Error " * (HUGE // 6),
    "one line of types": "a.Error: " * (HUGE // 9),
    "brackets": "\n\tat a.b" + "(" * HUGE,
    "angles": "   at " + "<" * HUGE,
    "spaces": "\n" + " " * HUGE + "at",
    "a frame of spaces": "   at a.b(" + " " * HUGE,
    "colons": "at f (" + ":1" * HUGE + ")\n" + "f@" + ":1" * HUGE,
    "arrows": "a.Error: b" + " ---> a.Error: b" * (HUGE // 16) + "\n   at a.b()",
    "line feeds": "\n" * HUGE,
    "digits": "1" * HUGE + "\n" + "1" * HUGE,
    "quotes": 'Exception in thread "' * (HUGE // 21),
    "slashes": "\tat " + "a/" * HUGE + "(A.java:1)",
    "margins": "".join(f"{'|' * n}\n" for n in range(700)),
    "panics": "".join(f"panic: {n}\n" for n in range(HUGE // 12)) + "goroutine 1 [running]:\nf()",
    "stacks of Go": "m\nf\n\t/a.go:1\n" * (HUGE // 14),
    "quotes of Rust": "panicked at '" + "x\n" * (HUGE // 2),
    "a frame of Rust": "panicked at a:1:1\nstack backtrace:\n 0: " + "<" * HUGE,
    "causes of anyhow": "Error: x\n\nCaused by:\n" + " 0: x\n" * (HUGE // 6),
    "ends of PHP": "PHP Warning:  " + " in " * (HUGE // 4),
    "exceptions of PHP": "Next A: b in /x.php:1\nStack trace:\n#0 {main}\n" * (HUGE // 46),
    "types of Ruby": "A: " * (HUGE // 3) + ".rb:1:in `",
    "a name of Elixir": "    " + "A." * (HUGE // 2) + "/",
    "exceptions of Elixir": "".join(" " * n + "** (A) b\n" for n in range(700)),
    "terms of Erlang": "{a,b,[" * (HUGE // 7) + "{line,",
    "a place of Dart": "#0 a (package:" + ":1" * (HUGE // 2) + ")",
    "positions of PowerShell": "At a:1 char:1\n" * (HUGE // 14) + "+ CategoryInfo ",
    "a frame of Delphi": "00000000 +00 " + "a " * (HUGE // 2),
    "reasons of Apple": "uncaught exception 'a', reason: " * (HUGE // 32) + "libswift",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_text_takes_linear_time(name: str) -> None:
    check_time(HOSTILE[name])


@pytest.mark.parametrize("trace", TRACES, ids=by_name)
def test_a_trace_that_goes_on_and_on_takes_linear_time(trace: Path) -> None:
    text = text_of(trace)
    check_time((text + "\n") * (HUGE // len(text)))


def check_time(text: str) -> None:
    """A second for each of some 200,000 characters: a thousand times what is needed, and far from
    what a text takes whose time grows with the square of its length.
    """
    before = time.process_time()
    chain = read_chain(text)
    for family in FAMILIES:
        family.claims(text)
        family.read(text)
    assert time.process_time() - before < len(FAMILIES) + 1
    if chain is not None:
        check_tree(chain.raised)
