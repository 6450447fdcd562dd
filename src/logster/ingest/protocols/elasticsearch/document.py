"""Documents become columns of events: the names of ECS, and those that loggers write beside them.

In: documents, their values as they were sent. Out: columns by the names of our fields.
Promise: pure; `{"log":{"level":"warn"}}` and `{"log.level":"warn"}` are the same; what is no field
of ours, or no value of it, stays a property under its own name, spelt as it was sent.

There are thousands of documents, so the values of a field are read a whole column at a time.
ECS: https://www.elastic.co/docs/reference/ecs
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from logster.fields.exception import split_exception
from logster.fields.instant import read_instant, read_instants
from logster.fields.severity import severity_of_level

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    #: The members of a document by name, or of an object in it, which are such members again.
    Members = dict[str, Any]
    Column = list[Any]

#: Field -> the paths that hold it, the surest first. `exception_type` is put before `exception`.
_PATHS: dict[str, tuple[str, ...]] = {
    field: tuple(paths.split())
    for field, paths in {
        "timestamp": "@timestamp timestamp time ts",
        "message": "message msg log event.original short_message",
        "severity": "log.level level severity loglevel levelname severity_text",
        "template": "messageTemplate message_template labels.MessageTemplate",
        "application": "service.name application app service",
        "category": "log.logger logger logger_name loggerName logger.name",
        "user": "user.name user.email user.id user username userId",
        "exception": "error.message err.message exception.message error exception",
        "exception_type": "error.type err.type exception.type",
        "stack_trace": "error.stack_trace err.stack exception.stacktrace stack_trace stacktrace"
        " stack fields.stack",
        "host": "host.name host.hostname host hostname",
        "environment": "service.environment deployment.environment environment env",
        "release": "service.version release",
        "trace_id": "trace.id trace_id traceId",
        "span_id": "span.id span_id spanId",
    }.items()
}
#: Objects that are looked into: those before the dot.
_GROUPS = frozenset(
    path.split(".")[0] for paths in _PATHS.values() for path in paths if "." in path
)

_decode = msgspec.json.Decoder().decode
_decode_members = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


def read_documents(documents: list[Members], sources: Sequence[bytes]) -> dict[str, Column]:
    """The columns of documents; what becomes a field is taken out of them.

    `sources` are their texts, for those that have no message.
    """
    names = set().union(*documents)
    groups = {name: _open_group(documents, name) for name in _GROUPS & names}
    columns: dict[str, Column] = {}
    for field, paths in _PATHS.items():
        for path in paths:
            group, _, name = path.rpartition(".")
            if path in names:
                _take(field, columns, documents, path)
            if group in groups:
                _take(field, columns, groups[group], name)
    for name in groups:
        _close_group(documents, name)
    _join_exceptions(columns)
    columns["message"] = _fill_messages(columns, sources)
    columns["properties"] = documents
    return columns


_NOTHING: Members = {}


def _open_group(documents: list[Members], name: str) -> list[Members]:
    """The objects of that name, which may be looked into; an empty one for who has none."""
    opened = [_open(document.get(name)) for document in documents]
    for document, inner in zip(documents, opened, strict=True):
        if inner:
            document[name] = inner
    return opened


def _open(value: Any) -> Members:
    if value is None or bytes(memoryview(value)[:1]) != b"{":
        return _NOTHING
    try:
        return _decode_members(value)
    except ValueError:  # names that are no UTF-8: it is refused as it stands
        return _NOTHING


def _close_group(documents: list[Members], name: str) -> None:
    """Remove the objects of which everything was taken."""
    for document in documents:
        if document.get(name) == {}:
            del document[name]


def _take(field: str, columns: dict[str, Column], holders: Sequence[Members], name: str) -> None:
    """Move the values of a member into the column of a field, where it has none yet."""
    column = columns.get(field)
    if column is None:
        raws = [holder.pop(name, None) for holder in holders]
    else:
        pairs = zip(holders, column, strict=True)
        raws = [holder.pop(name, None) if known is None else None for holder, known in pairs]
    found = raws if None not in raws else [raw for raw in raws if raw is not None]
    if not found:
        return
    values = _CONVERTERS.get(field, _texts_of)(found)
    if len(found) == len(holders):  # most often, and quickly done
        columns[field] = values
    else:
        columns[field] = _merge(column or [None] * len(holders), raws, values)
    if None in values:  # what is no value of the field stays where it was
        for holder, raw, value in zip(holders, raws, columns[field], strict=True):
            if raw is not None and value is None:
                holder[name] = raw


def _merge(column: Column, raws: Column, values: Column) -> Column:
    """The column, with the values of those that had a raw one."""
    rest = iter(values)
    return [known if raw is None else next(rest) for known, raw in zip(column, raws, strict=True)]


def _decode_all(raws: Sequence[msgspec.Raw]) -> Column:
    """Values as they are; None for one that is none, such as half of a character."""
    try:
        values: Column = _decode(b"[" + b",".join(raws) + b"]")
    except (ValueError, RecursionError, TypeError):
        return [_decode_one(raw) for raw in raws]
    return values


def _decode_one(raw: msgspec.Raw) -> Any:
    try:
        return _decode(raw)
    except (ValueError, RecursionError, TypeError):
        return None


def _texts_of(raws: Sequence[msgspec.Raw]) -> Column:
    """Texts; numbers, true and false as they are written."""
    values = _decode_all(raws)
    if set(map(type, values)) == {str}:
        return values
    return [_text_of(value, raw) for value, raw in zip(values, raws, strict=True)]


def _text_of(value: Any, raw: msgspec.Raw) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return None if isinstance(value, (dict, list)) else bytes(raw).decode()


def _severities_of(raws: Sequence[msgspec.Raw]) -> Column:
    known: dict[str, int | None] = {}
    severities: Column = []
    for value in _decode_all(raws):
        if not isinstance(value, str):
            severities.append(severity_of_level(value))
        elif value in known:
            severities.append(known[value])
        else:
            severities.append(known.setdefault(value, severity_of_level(value)))
    return severities


def _instants_of(raws: Sequence[msgspec.Raw]) -> Column:
    values = _decode_all(raws)
    if set(map(type, values)) == {str}:
        try:
            return read_instants(values)
        except ValueError:
            pass
    return [_instant_of(value) for value in values]


def _instant_of(value: Any) -> int | None:
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return None
    try:
        return read_instant(value)
    except ValueError:
        return None


_CONVERTERS: dict[str, Callable[[Sequence[Any]], Column]] = {
    "severity": _severities_of,
    "timestamp": _instants_of,
}


def _join_exceptions(columns: dict[str, Column]) -> None:
    """`error.type` stands before `error.message`; what neither says, the stack trace does."""
    types = columns.pop("exception_type", None)
    traces = columns.get("stack_trace")
    if types is None and traces is None:
        return
    count = len(types if types is not None else traces or ())
    said = columns.get("exception") or [None] * count
    columns["exception"] = [
        _exception_of(*each)
        for each in zip(types or [None] * count, said, traces or [None] * count, strict=True)
    ]


def _exception_of(kind: str | None, said: str | None, trace: str | None) -> str | None:
    if kind and said:
        return said if said.startswith(kind) else f"{kind}: {said}"
    return kind or said or (trace and split_exception(trace)[0])


def _fill_messages(columns: dict[str, Column], sources: Sequence[bytes]) -> Column:
    """A document without a message says its exception, or itself."""
    count = len(sources)
    messages, exceptions = (
        columns.get(name) or [None] * count for name in ("message", "exception")
    )
    if None not in messages:
        return messages
    return [
        exception or source.decode("utf-8", "replace").strip() if message is None else message
        for message, exception, source in zip(messages, exceptions, sources, strict=True)
    ]
