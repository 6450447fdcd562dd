"""What a reader of the built-in engine may ask: one SELECT over Logster's own tables.

In: the engine's own parse of a query (`EXPLAIN AST`) and its classification.
Out: nothing, or `NotAllowedError` with the word that is not allowed.
Promise: no query that passes writes, opens a file, opens a connection, or reads a
table outside `logster` and a few catalogues. A *pinned* question, whose SQL a stranger wrote,
reads `events` alone, and of these the rows of the filter it is pinned by.

The engine's readonly mode refuses writes and most table functions, but not
`INTO OUTFILE`, `s3()`, or a file named as a table of the `default` database. So each
node of the tree that can reach outside is checked against a list. A spoofed name
(a newline inside an alias) can only add lines to the tree, never hide one, hence
checking lines is enough.

What pins a question is `additional_table_filters`. The engine may evaluate the stranger's
own conditions before that filter (in PREWHERE, or merged into one filter), and a function
that fails then shows a row of someone else in its error; so the optimizations that move
conditions are off and PREWHERE is refused: docs/decisions/008.
"""

from __future__ import annotations

import re

DATABASE = "logster"

#: Table functions that make rows out of nothing but their arguments.
ALLOWED_TABLE_FUNCTIONS = frozenset(
    {"numbers", "numbers_mt", "zeros", "zeros_mt", "generateseries", "generate_series", "values"}
)

#: Also the name of an ordinary function, which only builds text.
ALLOWED_NAMESAKES = frozenset({"format"})

#: Ordinary functions that open a file, a model, a dictionary or a connection.
REFUSED_FUNCTION = re.compile(
    r"file|ai[a-z]+|catboost\w*|naivebayes\w*|dict\w+|joinget\w*|getmacro|sleep\w*|eval\w*|python\w*"
)

#: Catalogues that clients read on connecting and for completion; none shows another's question.
ALLOWED_CATALOGUES = frozenset(
    f"system.{name}"
    for name in (
        "one",
        "numbers",
        "settings",
        "databases",
        "tables",
        "columns",
        "functions",
        "formats",
        "data_type_families",
        "time_zones",
    )
)

#: The setting that pins a question to rows of `events`.
PINNING_SETTING = "additional_table_filters"
#: Keep the pinning filter before every condition of the question itself.
PINNED_SETTINGS = {
    "optimize_move_to_prewhere": "0",
    "query_plan_optimize_prewhere": "0",
    "query_plan_merge_filters": "0",
    "query_plan_filter_push_down": "0",
}
PINNED_TABLES = frozenset({"events", f"{DATABASE}.events"})

#: The right side of IN may be a table, and the tree calls it an identifier like a column.
_OTHER_DATABASE = re.compile(r"(?:system|default|information_schema|_\w+)\..*", re.IGNORECASE)
_PLAIN_TABLE = re.compile(rf"(?:{DATABASE}\.)?[A-Za-z_][A-Za-z0-9_]*")
_NODE = re.compile(
    r" *(Function|TableIdentifier|Identifier) (.*?)(?: \(alias .*)?(?: \(children \d+\))?"
)


class NotAllowedError(Exception):
    """A reader's query that is more than a question over Logster's tables."""


def check_question(
    tree: str, *, is_read_only: bool, table_functions: frozenset[str], hidden: frozenset[str]
) -> None:
    """Refuse anything but one harmless SELECT.

    `tree` is the text of `EXPLAIN AST`, `is_read_only` the engine's classification
    of the same text as exactly one reading statement, `table_functions` the
    lower-case names of all table functions the engine knows, and `hidden` the
    tables and catalogues that this question may not name.
    """
    if not is_read_only:
        raise NotAllowedError("only a single SELECT is allowed")
    first, *lines = tree.split("\n")
    if not first.startswith("SelectWithUnionQuery"):
        raise NotAllowedError("only SELECT is allowed")
    for line in lines:
        _check_node(line, table_functions, hidden)


def check_pinned(query: str) -> None:
    """Refuse what would be evaluated before the pinning filter, wherever the word stands."""
    if "prewhere" in query.lower():
        raise NotAllowedError("PREWHERE is not allowed, not even as a text; WHERE does the same")


def hidden_from_pinned(tables: frozenset[str]) -> frozenset[str]:
    """What a pinned question may not name: of all `tables` of ours, all but the events."""
    ours = {*tables, *(f"{DATABASE}.{name}" for name in tables)}
    return frozenset(ours - PINNED_TABLES) | ALLOWED_CATALOGUES


def _check_node(line: str, table_functions: frozenset[str], hidden: frozenset[str]) -> None:
    if line.startswith(" Literal"):
        # A literal directly under the root is the target of INTO OUTFILE.
        raise NotAllowedError("INTO OUTFILE is not allowed")
    if line.strip(" ") == "Set":
        # Readonly mode does not look at the settings of a subquery.
        raise NotAllowedError("SETTINGS is not allowed; send them beside the query")
    match = _NODE.fullmatch(line)
    if match is None:
        return
    kind, name = match[1], match[2]
    if kind == "Function":
        _check_function(name.split(" ")[0], table_functions)
    elif kind == "TableIdentifier":
        _check_table(name, hidden)
    elif name in hidden or (_OTHER_DATABASE.fullmatch(name) and name not in ALLOWED_CATALOGUES):
        raise NotAllowedError(f"table {name} is not allowed")


def _check_function(name: str, table_functions: frozenset[str]) -> None:
    lower = name.lower()
    is_refused = lower in table_functions - ALLOWED_TABLE_FUNCTIONS - ALLOWED_NAMESAKES
    if is_refused or REFUSED_FUNCTION.fullmatch(lower):
        raise NotAllowedError(f"function {name} is not allowed")


def _check_table(name: str, hidden: frozenset[str]) -> None:
    is_known = name in ALLOWED_CATALOGUES or _PLAIN_TABLE.fullmatch(name)
    if not is_known or name in hidden:
        raise NotAllowedError(f"table {name} is not allowed")
