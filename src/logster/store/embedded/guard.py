"""What a reader of the built-in engine may ask: one SELECT over Logster's own tables.

In: the engine's own parse of a query (`EXPLAIN AST`) and its classification.
Out: nothing, or `NotAllowedError` with the word that is not allowed.
Promise: no query that passes writes, opens a file, opens a connection, or reads a
table outside `logster` and a few catalogues. For SQL that a stranger wrote there is `enclosure`.

The engine's readonly mode refuses writes and most table functions, but not
`INTO OUTFILE`, `s3()`, or a file named as a table of the `default` database. So each
node of the tree that can reach outside is checked against a list. A spoofed name
(a newline inside an alias) can only add lines to the tree, never hide one, hence
checking lines is enough.
"""

from __future__ import annotations

import re

from logster.store.topology import DATABASE

#: Table functions that make rows out of nothing but their arguments. Not `values`: the text of its
#: columns may hold any expression (`b String ALIAS file('…')`), which the tree does not show.
ALLOWED_TABLE_FUNCTIONS = frozenset(
    {"numbers", "numbers_mt", "zeros", "zeros_mt", "generateseries", "generate_series"}
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

#: The right side of IN may be a table, and the tree calls it an identifier like a column.
_OTHER_DATABASE = re.compile(r"(?:system|default|information_schema|_\w+)\..*", re.IGNORECASE)
_PLAIN_TABLE = re.compile(rf"(?:{DATABASE}\.)?[A-Za-z_][A-Za-z0-9_]*")
_NODE = re.compile(
    r" *(Function|TableIdentifier|Identifier) (.*?)(?: \(alias .*)?(?: \(children \d+\))?"
)


class NotAllowedError(Exception):
    """A reader's query that is more than a question over Logster's tables."""


def check_question(tree: str, *, is_read_only: bool, table_functions: frozenset[str]) -> None:
    """Refuse anything but one harmless SELECT.

    `tree` is the text of `EXPLAIN AST`, `is_read_only` the engine's classification
    of the same text as exactly one reading statement, and `table_functions` the
    lower-case names of all table functions the engine knows.
    """
    if not is_read_only:
        raise NotAllowedError("only a single SELECT is allowed")
    first, *lines = tree.split("\n")
    if not first.startswith("SelectWithUnionQuery"):
        raise NotAllowedError("only SELECT is allowed")
    for line in lines:
        _check_node(line, table_functions)


def _check_node(line: str, table_functions: frozenset[str]) -> None:
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
        _check_table(name)
    elif _OTHER_DATABASE.fullmatch(name) and name not in ALLOWED_CATALOGUES:
        raise NotAllowedError(f"table {name} is not allowed")


def _check_function(name: str, table_functions: frozenset[str]) -> None:
    lower = name.lower()
    is_refused = lower in table_functions - ALLOWED_TABLE_FUNCTIONS - ALLOWED_NAMESAKES
    if is_refused or REFUSED_FUNCTION.fullmatch(lower):
        raise NotAllowedError(f"function {name} is not allowed")


def _check_table(name: str) -> None:
    if name not in ALLOWED_CATALOGUES and not _PLAIN_TABLE.fullmatch(name):
        raise NotAllowedError(f"table {name} is not allowed")
