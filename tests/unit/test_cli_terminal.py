"""What the command line prints: nothing that others wrote can act on the terminal."""

from __future__ import annotations

import ast
import contextlib
import io
import json
import re
import unicodedata
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from logster import cli
from logster.cli import main, terminal
from logster.cli.display import render_line, render_members
from logster.cli.patterns import render_pattern
from logster.cli.table import show_table
from logster.cli.terminal import Screen, escape_json, indented, one_line, printable, render_json
from support.api_server import Answer, running_api_server

#: One of each kind of what must not reach a terminal.
HOSTILE = (
    "\x00\x07\x08\r\x0b\x0c\x1b[2J\x7f\x85\x9b31m\xad\u034f\u061c\u115f\u180e\u200b\u200c\u200d"
    "\u200e\u200f\u2028\u2029\u202a\u202e\u2060\u2066\u2069\u3164\ufeff\uffa0\ufff9\ud800"
    "\U0001d173\U000e0041"
)
FORGED = "\n2026-01-01T00:00:00.000Z Error forged  line"


def is_safe(text):
    """No character acts on a terminal, or is not there to the eye."""
    return all(c in "\n\t" or unicodedata.category(c) not in {"Cc", "Cf", "Cs", "Zl", "Zp"}
               for c in text)  # fmt: skip


@given(st.text(st.characters(exclude_categories=())))
def test_every_text_is_safe_when_it_is_printed(text):
    # Numbers of Arabic and Syriac have visible signs that stand before them.
    visible = "\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2"
    text = text.translate(dict.fromkeys(map(ord, visible)))
    text = re.sub("[\U000110bd\U000110cd\U00013430-\U0001343f]", "", text)
    assert is_safe(printable(text))
    assert "\n" not in one_line(text)
    assert "\t" not in one_line(text)


def test_what_can_be_seen_stays_as_it_is():
    for text in ("naïve e\u0301", "登录", "مرحبا", "⚠\ufe0f", "a\tb\nc", "\\x1b"):
        assert printable(text) == text


def test_what_cannot_be_seen_is_an_escape():
    assert printable("\x1b[2J\u202e\u200b\ud800\U000e0041") == (
        r"\x1b[2J\u202e\u200b\ud800\U000e0041"
    )
    assert one_line("a\nb\tc") == r"a\nb\tc"
    assert indented("a\nb\n", 4) == "a\n    b"


texts = st.text(st.characters(exclude_categories=["Cs"]))
values = st.recursive(
    texts | st.integers(-(2**63), 2**63) | st.booleans() | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
)


@given(values)
def test_json_keeps_its_value_on_one_line_of_what_can_be_seen(value):
    line = render_json(value)
    assert json.loads(line) == value
    assert printable(line) == line
    assert "\n" not in line


def test_an_astral_character_is_a_pair_in_json():
    assert escape_json('"\U000e0041\x7f\u2028"') == '"\\udb40\\udc41\\u007f\\u2028"'


class Terminal(io.TextIOWrapper):
    """Standard output with somebody before it."""

    def __init__(self):
        self.raw_bytes = io.BytesIO()
        super().__init__(self.raw_bytes, "utf-8", write_through=True)

    def isatty(self):
        return True

    def getvalue(self):
        return self.raw_bytes.getvalue().decode()


def print_on_terminal(print_it):
    """What reaches a terminal, colours included."""
    with contextlib.redirect_stdout(Terminal()) as stream:
        print_it()
        return stream.getvalue()


def test_our_colours_pass_the_writer_and_nothing_else_does(monkeypatch):
    monkeypatch.delenv("NO_COLOR", raising=False)
    text = print_on_terminal(lambda: terminal.show(click.style("red", fg="red") + HOSTILE))
    assert text.startswith("\x1b[31mred\x1b[0m")
    assert is_safe(text.removeprefix("\x1b[31mred\x1b[0m"))


def test_a_table_cannot_be_broken_by_its_cells():
    rows = [["a" + HOSTILE + FORGED, "1"], ["b\tc", "2"]]
    text = click.unstyle(print_on_terminal(lambda: show_table(["na\nme", "n"], rows)))
    assert len(text.splitlines()) == 3
    assert is_safe(text)


EVENT = {
    "id": "7",
    "timestamp": "2026-11-23T10:00:00Z",
    "severity": 2,
    "application": "shop" + HOSTILE + FORGED,
    "message": "paid" + HOSTILE + FORGED + "\n    user: forged",
    "user": "bob" + FORGED,
    "properties": {"name" + HOSTILE + FORGED: "value" + HOSTILE + FORGED},
}


def test_no_line_of_an_event_can_be_taken_for_another_event_or_member():
    text = click.unstyle(render_line(EVENT) + "\n" + render_members(EVENT))

    assert is_safe(text)
    assert re.findall(r"^\S.*", text, re.MULTILINE)[1:] == []
    members = re.findall(r"^ {4}(\S[^:]*)", text, re.MULTILINE)
    assert [name[:5] for name in members] == ["id", "user", ".name"]


def test_no_line_of_a_pattern_can_be_taken_for_another_pattern():
    row = "    1,234  25.0% Error forged"
    pattern = {"pattern": f"a{HOSTILE}\n{row}", "count": 1234, "share": 0.25,
               "severities": {"error": 4}}  # fmt: skip
    first, second = click.unstyle(render_pattern(pattern)).split("\n")
    assert is_safe(first)
    assert second == " " * 24 + row


@pytest.fixture
def server():
    with running_api_server() as server:
        yield server


def run(server, *arguments):
    return CliRunner().invoke(main, [*arguments, "--url", server.url, "--key", "k"])


@pytest.mark.parametrize("is_json", [True, False])
@pytest.mark.parametrize(
    ("command", "answer"),
    [
        (["search", "--full"], {"events": [EVENT], "next": None}),
        (["patterns"], {"patterns": [{"pattern": HOSTILE, "count": 1, "share": 1.0,
                                      "severities": {"error": 4}}],
                        "distinct": 1, "looked_at": 1}),
        (["stats", "x | count by y"], {"columns": [{"name": "y" + HOSTILE, "kind": "text",
                                                    "role": "group"}],
                                       "rows": [["v" + HOSTILE]], "has_more": False}),
        (["retention"], {"days": 3, "chosen_days": 3, "changed_by": "x" + HOSTILE,
                         "changed_at": "2026" + HOSTILE, "kept_days": 3, "held": []}),
    ],
)  # fmt: skip
def test_every_question_prints_what_is_safe(server, command, answer, is_json):
    text = json.dumps(answer).replace("\\ud800", "")
    server.answers = [Answer(body=text.encode())]

    result = run(server, *command, *(["--json"] if is_json else []))

    assert result.exit_code == 0, result.output
    assert is_safe(result.stdout)
    if is_json:
        assert [json.loads(line) for line in result.stdout.splitlines()]


def test_an_error_that_quotes_the_server_is_one_safe_line(server):
    message = (HOSTILE + FORGED).replace("\ud800", "")
    server.answers = [Answer(400, {"error": {"message": message}})] * 3
    for command in (["search"], ["retention"], ["stats", "x"]):
        result = run(server, *command)
        assert result.exit_code == 2
        assert is_safe(result.stderr)
        assert len(result.stderr.splitlines()) == 1


def write_piecewise(screen, body):
    for at in range(len(body)):  # wherever it is cut
        screen.write(body[at : at + 1])


def test_an_export_on_a_terminal_is_safe():
    hostile = HOSTILE.replace("\ud800", "")
    lines = json.dumps({"message": hostile + FORGED}, ensure_ascii=False).encode() + b"\n"
    text = print_on_terminal(lambda: write_piecewise(Screen("ndjson"), lines))
    assert is_safe(text)
    assert json.loads(text)["message"] == hostile + FORGED


def test_a_cell_of_csv_on_a_terminal_begins_no_line():
    table = 'id,message\r\n1,"a ""b""\nforged,line"\r\n2,"c"\r\n'
    text = print_on_terminal(lambda: write_piecewise(Screen("csv"), table.encode()))
    assert text == 'id,message\n1,"a ""b""\\nforged,line"\n2,"c"\n'


def test_a_terminal_that_knows_fewer_letters_gets_escapes(monkeypatch):
    raw = io.BytesIO()
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(raw, "latin-1", write_through=True))
    terminal.show("✓ naïve")
    assert raw.getvalue() == b"\\u2713 na\xefve\n"


#: `send` has its own subject, and progress bars are rich's.
WRITERS = {"terminal.py"}


@pytest.mark.parametrize(
    "path",
    [path for path in Path(cli.__file__).parent.glob("*.py") if path.name not in WRITERS],
    ids=lambda path: path.name,
)
def test_nothing_is_printed_but_by_the_writer(path):
    calls = [node.func for node in ast.walk(ast.parse(path.read_text()))
             if isinstance(node, ast.Call)]  # fmt: skip
    names = {ast.unparse(call) for call in calls}
    assert not names & {"print", "click.echo", "click.secho", "sys.stdout.write",
                        "sys.stderr.write", "echo"}  # fmt: skip
