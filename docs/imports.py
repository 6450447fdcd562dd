"""Draw which package imports which, into docs/path-of-an-event.md: `make docs`.

In: the source of src/logster. Out: a Mermaid drawing between two marks of that page, and every
import that is not allowed. Promise: all imports count, those for type checkers and those inside
of functions too; what `ALLOWED` does not name fails in tests/unit/test_docs.py.
"""

from __future__ import annotations

import ast
import sys
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "logster"
PAGE = ROOT / "docs" / "path-of-an-event.md"
BEGIN, END = "<!-- imports: made by `make docs` -->\n", "<!-- end of imports -->\n"

#: What everybody may import, and which imports nothing else of ours: it is drawn without arrows.
#: Among each other, a word may import those before it.
VOCABULARY = (
    "errors",
    "root",
    "endpoint",
    "config",
    "event",
    "outcome",
    "answer",
    "ids",
    "notice",
    "block",
    "zstd",
    "folder",
    "serverlog",
    "metrics",
    "faults",
    "fields",
    "query",
)

#: The stages of an event's way. None imports another, nor `pipeline`: who builds them hands them
#: functions, or they say with a small Protocol what they need.
STAGES = ("ingest", "spool", "store", "ledger", "meta", "track", "watch")

#: Every arrow between packages that is not to the vocabulary, with its reason.
ALLOWED: dict[tuple[str, str], str] = {
    ("pipeline", "ingest"): "the steps of the way in: normalize, and each key's share of room",
    ("pipeline", "spool"): "append, and the drain",
    ("pipeline", "store"): "insert, which the drain is handed",
    ("pipeline", "track"): "the step that gives errors the key of their issue",
    ("web", "meta"): "the reader: who asks, and what people keep",
    ("web", "spool"): "the reader: what waits, and what was set aside",
    ("web", "store"): "the reader: answers",
    ("web", "ledger"): "the reader: what was not stored, and why",
    ("serve", "ingest"): "builds the parts",
    ("serve", "ledger"): "builds the parts",
    ("serve", "meta"): "builds the parts",
    ("serve", "pipeline"): "builds the parts",
    ("serve", "spool"): "builds the parts",
    ("serve", "store"): "builds the parts",
    ("serve", "web"): "builds the parts",
    ("cli", "follow"): "`logster send`: lines of files",
    ("cli", "meta"): "`logster key`, `user`, `retention`, on the server's own machine",
    ("cli", "serve"): "`logster serve`",
    ("cli", "spool"): "`logster spool`, on the server's own machine",
    ("cli", "web"): "`logster spool show`: events as the API writes them",
    ("web", "track"): "the reader: issues, and what people do with them",
    ("serve", "track"): "builds the parts",
    ("track", "meta"): "the tables of issues, and how every worker follows them",
    ("ingest", "meta"): "the type of a grant; how the text of a key begins, to hide it",
}

#: Package or root module -> those it imports.
Graph = dict[str, set[str]]


class Import(NamedTuple):
    """One import of one module of ours by another."""

    place: str
    importer: str
    imported: str
    name: str


@cache
def list_imports(source: Path = SOURCE) -> tuple[Import, ...]:
    """Every import between packages and root modules, wherever in a module it stands."""
    found = []
    for path in sorted(source.rglob("*.py")):
        importer = path.relative_to(source).with_suffix("").parts[0]
        for line, name in _imported(ast.parse(path.read_text())):
            imported = name.split(".")[1]
            if imported != importer and not imported.startswith("__"):  # the version is no module
                place = f"{path.relative_to(source.parent)}:{line}"
                found.append(Import(place, importer, imported, name))
    return tuple(found)


def _imported(module: ast.Module) -> list[tuple[int, str]]:
    names = []
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            names += [(node.lineno, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module == "logster":
            names += [(node.lineno, f"logster.{alias.name}") for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.append((node.lineno, node.module))
    return sorted((line, name) for line, name in names if name.startswith("logster."))


def find_offences(imports: tuple[Import, ...]) -> list[str]:
    """The imports that are not allowed, a line for each."""
    return [
        f"{found.place} imports {found.name}: {found.importer} may not import {found.imported}"
        for found in imports
        if not _is_allowed(found.importer, found.imported)
    ]


def _is_allowed(importer: str, imported: str) -> bool:
    if imported not in VOCABULARY:
        return (importer, imported) in ALLOWED
    if importer not in VOCABULARY:
        return True
    return VOCABULARY.index(imported) < VOCABULARY.index(importer)


def read_graph(source: Path = SOURCE) -> Graph:
    """The imports of every package and root module."""
    modules = [path for path in source.iterdir() if path.suffix in ("", ".py")]
    graph: Graph = {path.stem: set() for path in modules if not path.stem.startswith("__")}
    for found in list_imports(source):
        graph[found.importer].add(found.imported)
    return graph


def order(graph: Graph) -> list[str]:
    """Imported before importer; raises graphlib.CycleError naming a cycle."""
    return list(
        TopologicalSorter({name: sorted(graph[name]) for name in sorted(graph)}).static_order()
    )


def render_graph(graph: Graph) -> str:
    """The drawing, importers above what they import."""
    drawn = [name for name in reversed(order(graph)) if name not in VOCABULARY]
    lines = ["```mermaid", "flowchart TD"]
    lines += [f"    {name}[[{name}]]" if name in STAGES else f"    {name}" for name in drawn]
    for name in drawn:
        imports = [other for other in drawn if other in graph[name]]
        lines += [f"    {name} --> {' & '.join(imports)}"] if imports else []
    words = ", ".join(name for name in VOCABULARY if name in graph)
    lines.append(f'    vocabulary(["the vocabulary, imported by all: {words}"])')
    return "\n".join([*lines, "```", ""])


def redraw(page: str, drawing: str) -> str:
    """A page with the drawing between its marks."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}{drawing}{END}{after}"


def main() -> None:
    """Write the page anew."""
    page = PAGE.read_text()
    if BEGIN not in page or END not in page:
        sys.exit(f"{PAGE} has lost the marks that the drawing goes between")
    PAGE.write_text(redraw(page, render_graph(read_graph())))


if __name__ == "__main__":
    main()
