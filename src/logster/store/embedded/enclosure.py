"""What SQL of an administrator sees of the store, and what it may be.

In: a question in the engine's own writing, and its parse (`EXPLAIN AST`). Out: the view that it
asks, or `NotAllowedError` with what is not allowed.
Promise: no expression of a stranger ever meets a row, or a value in a dictionary, of another
workspace; what costs more than its share is refused before it runs.

`events` is a view of this one question: the workspace's rows behind a LIMIT that is none. No
optimizer may move a condition, an expression, or a look at an index through a limit; and its
columns are plain text, since the engine runs functions over all values of a LowCardinality
column in a part. Everything that is not known to be harmless is refused: docs/decisions/008.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec

from logster.query.weight import MAX_WEIGHT, STAR_WEIGHT, weigh_expression, weigh_like
from logster.store.embedded.functions import check_function
from logster.store.embedded.guard import NotAllowedError
from logster.store.topology import DATABASE, EVENTS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from logster.store.embedded.scope import Scope

#: Empty, so that a bare name is the view, something of the question's own, or nothing.
EMPTY_DATABASE = "enclosure"
#: What a question calls the events: the view by its name alone, and by the name of the table.
VIEW, TABLE = "events", f"{DATABASE}.{EVENTS.read}"
ONE_SELECT = "only one SELECT is possible, without FORMAT and INTO OUTFILE"
#: The engine's largest limit.
NO_LIMIT = 2**64 - 1

#: `x BETWEEN a AND b` is read as two comparisons with `x`: a chain of them doubles at each.
MAX_BETWEENS = 8
#: Signs of a question in the engine's own writing, where a short text may have become long.
MAX_WRITTEN = 200_000

#: Characters or elements that a padding, a repetition, an array may be told to have.
MAX_COUNT = 10_000

#: name, how it is stored; as in sql/.
_COLUMNS = (
    *("id", "timestamp", "received_at", "stored_at", "severity", "message"),
    *("template", "application", "category", "user", "exception", "stack_trace"),
    *("host", "environment", "release", "trace_id", "span_id", "properties", "details"),
    *("workspace", "key", "protocol", "issue", "blank"),
)
_LOW_CARDINALITY = frozenset(
    ("template", "application", "category", "host", "environment", "release", "protocol")
)

#: Kinds of nodes that a question may be made of.
_KINDS = frozenset(
    (
        *("SelectWithUnionQuery", "SelectIntersectExceptQuery", "SelectQuery", "Subquery"),
        *("ExpressionList", "Function", "Identifier", "TableIdentifier", "Literal", "Asterisk"),
        *("QualifiedAsterisk", "ColumnsRegexpMatcher", "ColumnsListMatcher"),
        *("QualifiedColumnsRegexpMatcher", "QualifiedColumnsListMatcher", "ColumnsTransformerList"),
        *("ColumnsExceptTransformer", "ColumnsReplaceTransformer"),
        *("ColumnsReplaceTransformer::Replacement", "TablesInSelectQuery", "WithElement"),
        *("TablesInSelectQueryElement", "TableExpression", "TableJoin", "ArrayJoin"),
        *("OrderByElement", "InterpolateElement", "WindowListElement", "WindowDefinition"),
    )
)
_INSTEAD = {
    "Set": "SETTINGS is not allowed",
    "SampleRatio": "SAMPLE is not allowed; WHERE id % 10 = 0 takes a tenth",
    "ColumnsApplyTransformer": "APPLY is not allowed; name the columns and the function",
    "QueryParameter": "parameters are not known here; write the value itself",
}
_DATABASES = re.compile(
    rf"(?:system|default|{DATABASE}|{EMPTY_DATABASE}|information_schema|_\w+)\..*", re.IGNORECASE
)
_MEMBERSHIP = re.compile(r"(?:global)?(?:not)?(?:null)?in", re.IGNORECASE)
_STATE = "aggregatefunction"

#: Functions by the place of the argument that must be written out as text: a type …
_TYPE_AT = dict.fromkeys(("cast", "accuratecast", "accuratecastornull", "accuratecastordefault"), 1)
#: … an expression of RE2 …
_EXPRESSION_AT = {
    **dict.fromkeys(("match", "notmatch", "matchcaseinsensitive", "regexp_matches"), 1),
    **dict.fromkeys(("extract", "extractall", "extractgroups", "extractallgroups"), 1),
    **dict.fromkeys(("extractallgroupsvertical", "extractallgroupshorizontal"), 1),
    **dict.fromkeys(("countmatches", "countmatchescaseinsensitive"), 1),
    **dict.fromkeys(("regexpextract", "regexp_extract", "regexp_substr"), 1),
    **dict.fromkeys(("regexpposition", "regexpinstr", "regexp_instr"), 1),
    **dict.fromkeys(("replaceregexpall", "replaceregexpone", "regexp_replace"), 1),
    "splitbyregexp": 0,
}
#: … a pattern of LIKE …
_PATTERN_AT = {
    **dict.fromkeys(("like", "notlike", "ilike", "notilike"), 1),
    **dict.fromkeys(("mapcontainskeylike", "mapcontainsvaluelike"), 1),
    **dict.fromkeys(("mapextractkeylike", "mapextractvaluelike"), 1),
}
#: … and as a number: how large something is made.
_COUNT_AT = {
    **dict.fromkeys(("leftpad", "lpad", "rightpad", "rpad", "leftpadutf8", "rightpadutf8"), 1),
    **dict.fromkeys(("repeat", "arrayresize", "tofixedstring"), 1),
    **dict.fromkeys(("space", "arraywithconstant"), 0),
}


class Node(msgspec.Struct, frozen=True):
    """A node of the parse: its kind, what is said of it, what it is made of."""

    kind: str
    text: str
    children: list[Node]


def create_view(scope: Scope) -> str:
    """Make what the question sees as `events`, until its handle is closed."""
    columns = ", ".join(
        f"CAST(`{name}` AS String) AS `{name}`" if name in _LOW_CARDINALITY else f"`{name}`"
        for name in _COLUMNS
    )
    conditions = [f"workspace = {scope.workspace:d}"]
    if scope.since_ns is not None:
        conditions.append(f"timestamp >= fromUnixTimestamp64Nano({scope.since_ns:d})")
    if scope.until_ns is not None:
        conditions.append(f"timestamp < fromUnixTimestamp64Nano({scope.until_ns:d})")
    return (
        f"CREATE TEMPORARY VIEW {VIEW} AS SELECT {columns} FROM {TABLE}"  # noqa: S608
        f" WHERE {' AND '.join(conditions)} LIMIT {NO_LIMIT}"
    )


def cut_format(query: str) -> tuple[str, str]:
    """A question as it was asked, and the FORMAT clause that our client put behind it."""
    found = _ASKED_FORMAT.search(query)
    return (query[: found.start()], found[0]) if found else (query, "")


def check_text(text: str) -> None:
    """Refuse what would take the engine's parser long, before it sees it."""
    count = len(_BETWEEN.findall(text))
    if count > MAX_BETWEENS:
        raise NotAllowedError(
            f"BETWEEN stands {count} times, {MAX_BETWEENS} times is possible; "
            "x >= a AND x <= b does the same"
        )


def name_view(text: str) -> str:
    """Let the table's whole name be the view as well; `text` is in the engine's own writing."""
    if len(text) > MAX_WRITTEN:
        raise NotAllowedError("the question is too large once its shorthands are written out")
    for found in _TOKEN.finditer(text):
        if found[0] == "PREWHERE":
            raise NotAllowedError("PREWHERE is not allowed; WHERE does the same")
        if found[0].startswith("`") and "\\" in found[0]:
            # Such a name could begin a line of the parse.
            raise NotAllowedError("a name is made of printable characters, without a backslash")
    return _TOKEN.sub(lambda found: VIEW if found[0] == TABLE else found[0], text)


def check_enclosed(tree: str) -> None:
    """Refuse anything but one SELECT of known nodes, functions and costs."""
    if _STATE in tree.lower():
        raise NotAllowedError("AggregateFunction is not allowed, not even as a text")
    root = _read_tree(tree)
    if root.kind != "SelectWithUnionQuery":
        raise NotAllowedError(ONE_SELECT)
    if any(child.kind in ("Literal", "Identifier") for child in root.children):
        raise NotAllowedError(ONE_SELECT)
    weight = 0
    for node in _walk(root):
        _check_node(node)
        if node.kind == "Function":
            check_function(node.text)
            weight += _check_arguments(node.text.lower(), _arguments_of(node))
    if weight > MAX_WEIGHT:
        raise NotAllowedError(
            f"the patterns of this question weigh {weight:,}, at most {MAX_WEIGHT} is possible: "
            f"a % between two texts weighs {STAR_WEIGHT}, each character of an expression 1 as "
            "often as it is repeated"
        )


def _read_tree(tree: str) -> Node:
    """Read the parse; a node is as deep as the spaces before it."""
    path: list[Node] = []
    for line in tree.rstrip("\n").split("\n"):
        found = _LINE.fullmatch(line)
        if found is None or (len(found[1]) > len(path)) or (path and not found[1]):
            raise NotAllowedError(f"this is not allowed: {line.strip()[:100]}")
        node = Node(found[2], found[3] or "", [])
        del path[len(found[1]) :]
        if path:
            path[-1].children.append(node)
        path.append(node)
    return path[0]


def _walk(root: Node) -> Iterator[Node]:
    waiting = [root]
    while waiting:
        node = waiting.pop()
        yield node
        waiting += node.children


def _check_node(node: Node) -> None:
    if node.kind not in _KINDS:
        raise NotAllowedError(_INSTEAD.get(node.kind, f"{node.kind} is not allowed"))
    is_table = node.kind == "TableIdentifier"
    if (is_table and "." in node.text) or (
        node.kind == "Identifier" and _DATABASES.fullmatch(node.text)
    ):
        raise NotAllowedError(f"table {node.text} is not allowed; {VIEW} is")


def _arguments_of(function: Node) -> list[Node]:
    return function.children[0].children if function.children else []


def _check_arguments(name: str, arguments: list[Node]) -> int:
    """Refuse an argument that must be written out and is not; gives the weight of a pattern."""
    if _MEMBERSHIP.fullmatch(name):
        table = arguments[-1] if arguments else None
        if table and table.kind == "Identifier" and "." in table.text:
            raise NotAllowedError(f"table {table.text} is not allowed; {VIEW} is")
    if name in _TYPE_AT:
        _literal_at(name, arguments, _TYPE_AT[name], "the type")
    if name == "values" and arguments:
        _check_columns(arguments[0])
    if name in _COUNT_AT:
        _check_count(name, _literal_at(name, arguments, _COUNT_AT[name], "the length"))
    if name in _EXPRESSION_AT:
        return weigh_expression(
            _literal_at(name, arguments, _EXPRESSION_AT[name], "the expression")
        )
    if name in _PATTERN_AT:
        return weigh_like(_literal_at(name, arguments, _PATTERN_AT[name], "the pattern"))
    return 0


def _check_columns(first: Node) -> None:
    """The first argument of `values` is a row, or a text with columns, which may calculate."""
    is_row = first.kind == "Function" and first.text == "tuple"
    is_text = first.text.startswith("'")
    if is_row or (first.kind == "Literal" and (not is_text or _COLUMNS_TEXT.fullmatch(first.text))):
        return
    raise NotAllowedError(
        "values: the columns are written out as a text of names and plain types, "
        "'a UInt8, b String', without DEFAULT, ALIAS and the like; or leave them out, "
        "values((1, 'x'), (2, 'y')), and they are called c1 and c2"
    )


def _literal_at(name: str, arguments: list[Node], place: int, what: str) -> str:
    if len(arguments) <= place:
        return ""  # the engine says how many there must be
    if arguments[place].kind != "Literal":
        raise NotAllowedError(
            f"{name}: {what} must be written out, it cannot be calculated"
            + ("; position finds a text that is" if what == "the pattern" else "")
        )
    return arguments[place].text.removeprefix("'").removesuffix("'").replace("\\\\", "\\")


def _check_count(name: str, literal: str) -> None:
    found = _WHOLE.fullmatch(literal)
    if found and int(found[1]) > MAX_COUNT:
        raise NotAllowedError(f"{name}: the length {int(found[1]):,} is over {MAX_COUNT:,}")


#: How our client says the form of an answer.
_ASKED_FORMAT = re.compile(r"\n FORMAT \w+\Z", re.ASCII)
#: Of the engine's own writing: texts and names in quotes, and the table by its whole name.
_TOKEN = re.compile(
    r"'(?:[^'\\]|\\.)*'|`(?:[^`\\]|\\.)*`|"
    rf"(?<![\w.`]){re.escape(TABLE)}(?![\w`])|\bPREWHERE\b",
    re.DOTALL,
)
_BETWEEN = re.compile(r"\bBETWEEN\b", re.IGNORECASE)
_LINE = re.compile(
    r"( *)([A-Za-z:]+)(?: ('(?:[^'\\]|\\.)*'|(?!').*?))??(?: \(alias .*\))?(?: \(children \d+\))?"
)
_WHOLE = re.compile(r"UInt64_(\d+)")
#: A name and a type, as often as there are columns. Anything more calculates: what DEFAULT and
#: ALIAS say is a text here, so none of its functions and tables are in the parse.
_TYPE = (
    r"(?:U?Int\d+|Float\d+|Decimal\d*|Bool|UUID|IPv[46]|(?:Fixed)?String|Date(?:32|Time|Time64)?|"
    r"Array|Map|Tuple|Nullable|LowCardinality)"
)
#: Within a type there are types, named ones in a tuple, and numbers; twice deep is enough.
_INNER = r"(?:\w+ )?\w+"
_INNER = rf"{_INNER}(?:\({_INNER}(?:, *{_INNER})*\))?"
_COLUMN = rf" *[A-Za-z_]\w* +{_TYPE}(?:\({_INNER}(?:, *{_INNER})*\))? *"
_COLUMNS_TEXT = re.compile(rf"'{_COLUMN}(?:,{_COLUMN})*'", re.ASCII)
