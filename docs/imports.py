"""Draw which package imports which, into docs/path-of-an-event.md: `make docs`.

In: the source of src/logster. Out: a Mermaid drawing between two marks of that page.

Only imports at the top of a module count, and not those for type checkers alone. The vocabulary,
which everybody may import and which imports nothing of ours, is drawn without its arrows.
"""

from __future__ import annotations

import ast
import sys
from collections import defaultdict
from graphlib import TopologicalSorter
from pathlib import Path

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "logster"
PAGE = ROOT / "docs" / "path-of-an-event.md"
BEGIN, END = "<!-- imports: made by `make docs` -->\n", "<!-- end of imports -->\n"
VOCABULARY = (
    "event",
    "query",
    "fields",
    "errors",
    "root",
    "config",
    "metrics",
    "timestamp",
    "zstd",
    "serverlog",
)
STAGES = ("ingest", "meta", "spool", "store", "track", "watch", "web")

#: Package or root module -> those it imports.
Graph = dict[str, set[str]]


def read_imports(source: Path = SOURCE) -> Graph:
    """The imports of every package and root module, itself and the vocabulary's names included."""
    graph: Graph = defaultdict(set)
    for path in sorted(source.rglob("*.py")):
        parts = path.relative_to(source).with_suffix("").parts
        graph[parts[0]] |= {
            name.split(".")[1]
            for name in _imported(ast.parse(path.read_text()))
            if name.startswith("logster.")
        } - {parts[0]}
    graph.pop("__init__", None)
    return {name: imports & graph.keys() for name, imports in graph.items()}


def _imported(module: ast.Module) -> list[str]:
    names = []
    for node in module.body:
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module == "logster":
            names += [f"logster.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.append(node.module)
    return names


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
    PAGE.write_text(redraw(page, render_graph(read_imports())))


if __name__ == "__main__":
    main()
