"""A number of thousands of digits, wherever a trace has one, costs nobody a frame or an error."""

import itertools
import re
from pathlib import Path

import pytest

from logster.track.frames.read import FAMILIES

TRACES = sorted((Path(__file__).parents[1] / "corpus" / "traces").rglob("*.txt"))
MANY = "7" * 5_000
#: The first of each trace: its head, and several of its frames.
MOST = 25


@pytest.mark.parametrize("path", TRACES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_no_reader_stumbles_over_digits(path: Path) -> None:
    text = path.read_text("utf-8", errors="replace")
    for found in itertools.islice(re.finditer(r"\d+", text), MOST):
        hostile = text[: found.start()] + MANY + text[found.end() :]
        for family in FAMILIES:
            for raised in family.read(hostile) if family.claims(hostile) else ():
                assert all((frame.line or 0) < 10**10 for frame in raised.frames)
