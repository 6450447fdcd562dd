"""What other programs call the fields of every event: `level` for severity, `userId` for user.

In: names as a program wrote them, or as somebody typed one. Out: the fields that they are, or may
be. Promise: pure. Names that stand in a log are read (`find_fields`), since they are surely the
field's. Names that are typed into a search are only advice (`field_for`): a search is always read
as it is written.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

#: Field -> the names that loggers write, lower case, the surest first.
WRITTEN_NAMES: Mapping[str, tuple[str, ...]] = {
    field: tuple(names.split())
    for field, names in {
        "message": "message msg @m renderedmessage short_message log event @mt",
        "timestamp": "timestamp @timestamp @t time ts datetime asctime t eventtime date",
        "severity": "severity level @l lvl log.level levelname loglevel severitytext severity_text"
        " priority",
        "category": "category logger log.logger logger_name loggername sourcecontext",
        "user": "user username user.name",
        "exception": "exception @x exc_info error.message",
        "stack_trace": "stacktrace stack_trace stack traceback error.stack_trace",
        "host": "host hostname host.name",
        "environment": "environment env service.environment",
        "release": "release service.version",
        "trace_id": "traceid trace_id trace.id @tr",
        "span_id": "spanid span_id span.id @sp",
    }.items()
}
#: Those of them that a search may mean otherwise, or that nobody types.
_ONLY_WRITTEN = {
    *("@m", "@mt", "@t", "@l", "@x", "@tr", "@sp", "renderedmessage", "short_message"),
    *("log", "event", "asctime", "t", "log.logger", "exc_info"),
    *("error.message", "error.stack_trace", "service.environment"),
}
#: Field -> more names that people type for it, by `plain_name`; in a log they may be anything.
_ONLY_TYPED: Mapping[str, str] = {
    "severity": "loglevelname sev",
    "message": "text body logmessage",
    "application": "application app appname applicationname service servicename program",
    "category": "module component",
    "user": "userid usr login account accountid accountname enduserid",
    "host": "server servername machine machinename node instance",
    "environment": "stage deploymentenvironment environmentname",
    "release": "version appversion build",
    "trace_id": "trace correlationid traceidentifier",
    "span_id": "span",
    "exception": "error err ex exc exceptionmessage",
    "stack_trace": "",
    "template": "template messagetemplate",
    "timestamp": "",
}


def plain_name(name: str) -> str:
    """A name without what spellings differ in: cases, dots, dashes and underscores."""
    return re.sub(r"[\W_]+", "", name.lower())


#: Field -> its names in a search, by `plain_name`.
ALIASES: Mapping[str, frozenset[str]] = {
    field: frozenset(typed.split())
    | {plain_name(name) for name in WRITTEN_NAMES.get(field, ()) if name not in _ONLY_WRITTEN}
    for field, typed in _ONLY_TYPED.items()
}


def field_for(name: str) -> str | None:
    """The field that somebody may mean by a name in a search."""
    plain = plain_name(name)
    return next((field for field, names in ALIASES.items() if plain in names), None)


def find_fields(names: Iterable[str]) -> dict[str, str]:
    """Field -> the name in a log that holds it: the surest one, and of equals the last."""
    best: dict[str, tuple[int, str]] = {}
    for name in names:
        field, rank = _RANKED.get(name.lower(), ("", 0))
        if field and rank <= best.get(field, (rank, ""))[0]:
            best[field] = rank, name
    return {field: name for field, (_, name) in best.items()}


_RANKED: dict[str, tuple[str, int]] = {
    name: (field, rank) for field, names in WRITTEN_NAMES.items() for rank, name in enumerate(names)
}
