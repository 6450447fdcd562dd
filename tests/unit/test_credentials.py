"""Where clients put the key: each place alone, and in the order of a protocol's list."""

from __future__ import annotations

import pytest

from logster.ingest.credentials import (
    Place,
    anywhere,
    first_of,
    in_authorization,
    in_header,
    in_query,
)
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


@pytest.mark.parametrize(
    ("query", "headers"),
    [
        ("", {"apikey": "k"}),
        ("", {"x-api-key": "k"}),
        ("", {"x-seq-apikey": "k"}),
        ("", {"dd-api-key": "k"}),
        ("", {"x-sentry-auth": "Sentry sentry_key=k, sentry_version=7, sentry_client=a/1"}),
        ("", {"x-sentry-auth": "sentry sentry_version=7,sentry_key=k"}),
        ("", {"authorization": "Sentry sentry_version=7, sentry_key=k"}),
        ("", {"authorization": "Bearer k"}),
        ("", {"authorization": "Basic dXNlcjpr"}),
        ("", {"authorization": "ApiKey k"}),
        ("", {"authorization": "ApiKey aWQ6aw=="}),
        ("apiKey=k", {}),
        ("a=1&sentry_key=k&sentry_version=7", {}),
        ("dd-api-key=k", {}),
        ("api_key=k", {}),
    ],
)
def test_the_key_is_found_in_every_place_that_any_client_has(
    query: str, headers: dict[str, str]
) -> None:
    assert find(anywhere, query, **headers) == "k"


def test_a_key_that_looks_packed_is_taken_as_it_stands() -> None:
    assert find(anywhere, authorization="ApiKey abcdefgh") == "abcdefgh"


@pytest.mark.parametrize("header", ["Sentry", "Sentry a=b", "Digest sentry_key=k"])
def test_other_words_of_a_sentry_header_are_no_key(header: str) -> None:
    assert find(anywhere, **{"x-sentry-auth": header}) is None
