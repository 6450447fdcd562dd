"""What a pattern weighs: nothing when a person wrote it, too much when it is made to be slow."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logster.errors import QueryError
from logster.query.limits import MAX_TERMS
from logster.query.parse import parse_filter
from logster.query.weight import MAX_WEIGHT, STAR_WEIGHT, weigh_expression, weigh_like, weigh_text


@pytest.mark.parametrize(
    ("pattern", "weight"),
    [
        ("", 0),
        ("timeout", 7),
        (r"\d{4}-\d{2}", 7),
        ("(a{100}){9}", 900),
        # The sign of a group that is not kept counts as one of its signs.
        ("(?:ab|cd){10}x", 51),
        ("((a{10}){10}){10}", 1000),
        ("[a-z]{3}x*", 4),
        (r"\(\{5}", 4),
        ("[]a]{4}", 4),
        ("[^]]{2,5}b{3,}", 8),
        ("((((", 0),
        (")", 1),
        ("a{3}{4}", 12),
    ],
)
def test_an_expression_weighs_its_signs_as_often_as_they_are_repeated(
    pattern: str, weight: int
) -> None:
    assert weigh_expression(pattern) == weight


@pytest.mark.parametrize(
    ("text", "weight"),
    [
        ("", 0),
        ("timeout after 30 s", 0),
        ("   at System.Net.Http.HttpClient.SendAsync(HttpRequestMessage request)", 0),
        ("a " * 1000, 999),
        ("a" * 500, 499),
        ("ab" * 50, 49),
    ],
)
def test_a_text_weighs_what_it_overlaps_itself(text: str, weight: int) -> None:
    assert weigh_text(text.rstrip()) == weight


@given(st.text(alphabet="ab ", max_size=60))
def test_an_overlap_is_a_beginning_that_is_also_an_end(text: str) -> None:
    def borders(part: str) -> int:
        return sum(part.startswith(part[n:]) for n in range(1, len(part)))

    most = max((borders(text[:end]) for end in range(1, len(text) + 1)), default=0)
    assert weigh_text(text) == (most if most > 8 else 0)


def test_stars_weigh_between_texts_alone() -> None:
    assert [weigh_like(text) for text in ("%a%", "a", "a%b", "%a%%b_%")] == [0, 0, 4, 5]


@pytest.mark.parametrize(
    "text",
    [
        "*".join("a" * 2000),
        "host:" + "*".join("ab" * 100),
        " ".join(f"{'*'.join('ab' * 5)}{n}" for n in range(MAX_TERMS)),
        "/(?:a|b)*a(?:a|b){300}c/",
        "application:/x{0,999}/",
        "/((x{9}){9}){9}/",
        "message:/" + "|".join("ab" * 300) + "/",
        '"' + "a " * 3000 + 'a"',
        " OR ".join(f'"{"x-" * 50}{n}"' for n in range(30)),
        "NOT (" + " OR ".join(f"/[a-z]{{90}}{n}/" for n in range(10)) + ")",
    ],
)
def test_a_search_that_is_made_to_be_slow_is_refused_with_its_limit(text: str) -> None:
    with pytest.raises(QueryError, match=rf"weigh [0-9,]+, at most {MAX_WEIGHT} is possible"):
        parse_filter(text)


@pytest.mark.parametrize(
    "text",
    [
        "user:*@example.com timed*out /failed after \\d+ (ms|s)/ host:web-*-eu*",
        " ".join(f'"connection {n} refused by peer"' for n in range(MAX_TERMS)),
        " OR ".join(f"*part{n}*" for n in range(MAX_TERMS)),
        "a" * 8000,
        "*".join("a" * (MAX_WEIGHT // STAR_WEIGHT + 1)),
        r"/^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}\.\d{3,9}Z?\s+\[\w{1,60}\] .*(timeout|refused)/",
    ],
)
def test_a_search_that_a_person_writes_is_answered(text: str) -> None:
    parse_filter(text)
