"""Where clients put the key: each place alone, and in the order of a protocol's list."""

from __future__ import annotations

import pytest

from logster.ingest.credentials import Place, first_of, in_authorization, in_header, in_query
from logster.ingest.protocol import Request


def find(place: Place, query: str = "", **headers: str) -> str | None:
    request = Request(method="POST", path="/", query=query, uri="", headers=headers)
    return place(request) or None


def test_a_header_is_read_without_its_blanks() -> None:
    assert find(in_header("apikey"), apikey=" k ") == "k"
    assert find(in_header("apikey"), apikey=" ") is None
    assert find(in_header("apikey"), other="k") is None


@pytest.mark.parametrize(
    ("value", "key"),
    [
        ("Bearer k", "k"),
        ("  bearer   k ", "k"),
        ("Splunk k", "k"),
        ("Digest k", None),
        ("Bearer", None),
        ("k", None),
        ("", None),
        ("Basic dXNlcjprZXk=", "key"),
        ("basic a2V5Og==", "key"),
        ("Basic a2V5", "key"),
        ("Basic dTphOmI=", "a:b"),
        ("Basic not base64!", None),
        ("Basic \xe9", None),
        ("Basic /w==", None),
    ],
)
def test_a_scheme_of_authorization_carries_a_key(value: str, key: str | None) -> None:
    assert find(in_authorization("bearer", "splunk", "basic"), authorization=value) == key


def test_only_the_schemes_that_are_listed_are_read() -> None:
    assert find(in_authorization("bearer"), authorization="Basic a2V5") is None


@pytest.mark.parametrize(
    ("query", "key"),
    [
        ("apiKey=k", "k"),
        ("a=1&APIKEY=k%20k&apikey=x", "k k"),
        ("apikey=", None),
        ("otherapikey=k", None),
        ("apikey", None),
        ("", None),
    ],
)
def test_a_parameter_is_found_in_any_case(query: str, key: str | None) -> None:
    assert find(in_query("apikey"), query) == key


def test_the_first_place_that_has_a_key_counts() -> None:
    place = first_of(in_header("a"), in_header("b"), in_query("c"))

    assert find(place, "c=3", a="1", b="2") == "1"
    assert find(place, "c=3", a="", b="2") == "2"
    assert find(place, "c=3") == "3"
    assert find(place) is None
