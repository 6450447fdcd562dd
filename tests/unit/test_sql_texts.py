"""Where SQL is composed, and by what names: the source says so itself."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import TYPE_CHECKING

import logster
from logster import store
from logster.store.schema import load_steps
from logster.store.topology import EVENTS

if TYPE_CHECKING:
    from collections.abc import Iterator

SOURCE = Path(logster.__file__).parent
#: Meta database, spool and ledger have SQL of their own, and the search language has words like it.
OTHER_ROOMS = ("meta", "spool", "ledger", "query")
MODULES = {
    str(path.relative_to(SOURCE).with_suffix("")): ast.parse(path.read_text())
    for path in sorted(SOURCE.rglob("*.py"))
    if path.relative_to(SOURCE).parts[0] not in OTHER_ROOMS
}

#: What a piece of SQL is known by: words between values, and functions of the engine around them.
WORDS = re.compile(
    r"\b(?:SELECT|FROM|WHERE|GROUP BY|ORDER BY|INSERT INTO|ALTER TABLE|DROP TABLE|LIKE|NULL|SET"
    r"|CREATE (?:TABLE|DATABASE|TEMPORARY)|EXPLAIN AST|DESC|NOT IN|INTERVAL|AND|OR)\b"
    r"|\bLIMIT $"
)
FUNCTION = re.compile(r"\b(?!lambda)[a-z]+[A-Z]\w*\($")


def pieces_of(module: ast.Module) -> Iterator[str]:
    """Texts that are put together and look like SQL."""
    for node in ast.walk(module):
        if isinstance(node, ast.JoinedStr | ast.BinOp):
            texts = [str(part.value) for part in ast.walk(node) if isinstance(part, ast.Constant)]
        elif isinstance(node, ast.Constant) and "{}" in str(node.value):
            texts = str(node.value).split("{}")
        else:
            continue
        if any(WORDS.search(text) or FUNCTION.search(text) for text in texts):
            yield "{}".join(texts)


def composing() -> set[str]:
    return {name for name, module in MODULES.items() if any(pieces_of(module))}


def listed() -> set[str]:
    assert store.__doc__ is not None
    rows = re.findall(r"^- [^:]+: ((?:.+\n  )*.+)$", store.__doc__, re.MULTILINE)
    return {f"store/{name}" for row in rows for name in re.findall(r"[\w/]+", row)}


def test_sql_is_composed_where_the_store_says_so_and_nowhere_else():
    assert composing() == listed()


def test_no_text_of_sql_names_the_table_of_events_by_itself():
    named = re.compile(
        rf"\b(?:FROM|INTO|TABLE|UPDATE|table =|name =) '?(?!system\.)(?:\w+\.)?{EVENTS.read}\b"
    )
    texts = {
        node.value
        for module in MODULES.values()
        for node in ast.walk(module)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    assert [text for text in texts if named.search(text)] == []


def test_the_steps_make_the_table_that_is_read_and_written():
    (created,) = re.findall(r"CREATE TABLE IF NOT EXISTS (\w+)", next(load_steps()).sql)
    assert {created} == {EVENTS.read, EVENTS.written, EVENTS.altered}
    assert f"\nENGINE = {EVENTS.engine}\n" in next(load_steps()).sql
