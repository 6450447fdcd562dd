"""The text of a key, as clients want it."""

import re

import pytest

from logster.meta.key_text import dsn_of, make_key

#: What @sentry/core takes for a DSN: of a key that has a dash it takes nothing.
DSN = re.compile(r"(\w+)://(\w+)(?::(\w+))?@(\[[\w:.%]+\]|[\w.-]+)(?::(\d+))?/(.+)")


@pytest.mark.parametrize(
    ("address", "path"),
    [
        ("http://127.0.0.1:8000", "7"),
        ("https://logs.example.com/logs/", "logs/7"),
        ("http://[::1]:8000", "7"),
    ],
)
def test_a_made_key_is_a_dsn_that_sentry_s_sdks_take(address: str, path: str) -> None:
    for _ in range(50):
        key = make_key()
        found = DSN.fullmatch(dsn_of(key, 7, address))
        assert found is not None
        assert (found[2], found[6]) == (key, path)


def test_an_operator_s_own_key_stands_in_a_dsn_as_an_address_has_it() -> None:
    assert dsn_of("own key/@:x", 1, "http://a") == "http://own%20key%2F%40%3Ax@a/1"
