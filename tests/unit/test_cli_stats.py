"""`stats`: what is asked, what is shown, and the exit code."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from click.testing import CliRunner

from logster.cli import main
from support.api_server import Answer, running_api_server

COLUMNS = [
    {"name": "time", "kind": "time", "role": "step"},
    {"name": "application", "kind": "text", "role": "group"},
    {"name": "count", "kind": "number", "role": "number"},
    {"name": "avg(ms)", "kind": "number", "role": "number"},
]
ROWS: list[list[Any]] = [
    ["2026-11-24T08:00:00Z", "shop", 12345, 2.5],
    ["2026-11-24T08:00:00Z", "a\x1b\nb", 1, 1000],
    ["2026-11-24T09:00:00.5Z", None, 0, None],
]


@pytest.fixture
def server():
    with running_api_server() as server:
        yield server


def table(columns, rows, *, has_more=False):
    return Answer(body={"columns": columns, "rows": rows, "has_more": has_more, "every_s": None})


def run(server, *arguments):
    return CliRunner().invoke(main, ["stats", *arguments, "--url", server.url, "--key", "k"])


def test_numbers_stand_to_the_right_in_a_table(server):
    server.answers = [table(COLUMNS, ROWS, has_more=True)]

    result = run(server, "error | count, avg(ms)", "by application", "--zone", "Europe/Berlin")

    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        "time                      application   count  avg(ms)",
        "2026-11-24T08:00:00.000Z  shop         12,345    2.500",
        "2026-11-24T08:00:00.000Z  a\\x1b\\nb          1    1,000",
        "2026-11-24T09:00:00.500Z  -                 0        -",
    ]
    assert "more groups" in result.stderr
    asked = parse_qs(urlsplit(server.asked[0].path).query)
    assert asked == {"q": ["error | count, avg(ms) by application"], "zone": ["Europe/Berlin"]}


def test_json_is_an_object_a_row(server):
    server.answers = [table(COLUMNS, ROWS)]

    result = run(server, "| count", "--json", "--since", "1h")

    assert [json.loads(line) for line in result.stdout.splitlines()] == [
        {column["name"]: value for column, value in zip(COLUMNS, row, strict=True)} for row in ROWS
    ]


@pytest.mark.parametrize(
    ("columns", "rows", "code"),
    [
        (COLUMNS[1:3], [["shop", 0]], 0),
        (COLUMNS[1:3], [], 1),
        (COLUMNS[2:], [[5, None]], 0),
        (COLUMNS[2:], [[0, None]], 1),
    ],
)
def test_the_exit_code_tells_whether_there_was_something(server, columns, rows, code):
    server.answers = [table(columns, rows)]

    assert run(server, "| count").exit_code == code


def test_a_mistake_is_underlined(server):
    error = {"message": "Did you mean `count`?", "position": 2, "length": 5}
    server.answers = [Answer(400, {"error": error})]

    result = run(server, "| cuont")

    assert result.exit_code == 2
    assert result.stderr == "Error: Did you mean `count`?\n\n  | cuont\n    ^^^^^\n"
