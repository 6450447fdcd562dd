"""Which name is meant by one that is misspelt."""

from __future__ import annotations

import pytest

from logster.query.suggest import nearest, suggestion

NAMES = ("application", "StatusCode", "user")


@pytest.mark.parametrize(
    ("name", "meant"),
    [("aplication", "application"), ("STATUSCOD", "StatusCode"), ("usr", "user"), ("zebra", None)],
)
def test_the_name_that_is_most_like_it_is_meant_in_any_case(name: str, meant: str | None) -> None:
    assert meant == nearest(name, NAMES)


def test_a_suggestion_is_a_question_or_nothing() -> None:
    assert suggestion("usr", NAMES) == " Did you mean `user`?"
    assert suggestion("zebra", NAMES) == ""
