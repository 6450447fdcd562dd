"""What other programs call the fields of every event: `level` for severity, `userId` for user.

In: a name as somebody typed it. Out: the field that may be meant. A vocabulary for advice and
suggestions: a search is always read as it is written.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Field -> its other names, by `plain_name`.
ALIASES: Mapping[str, frozenset[str]] = {
    field: frozenset(names.split())
    for field, names in {
        "severity": "severity level lvl loglevel loglevelname levelname severitytext sev priority",
        "message": "message msg text body logmessage",
        "application": "application app appname applicationname service servicename program",
        "category": "category logger loggername sourcecontext module component",
        "user": "user userid username usr login account accountid accountname enduserid",
        "host": "host hostname server servername machine machinename node instance",
        "environment": "environment env stage deploymentenvironment environmentname",
        "release": "release version appversion serviceversion build",
        "trace_id": "traceid trace correlationid traceidentifier",
        "span_id": "spanid span",
        "exception": "exception error err ex exc exceptionmessage",
        "stack_trace": "stacktrace stack traceback",
        "template": "template messagetemplate",
        "timestamp": "timestamp time ts datetime date eventtime",
    }.items()
}


def plain_name(name: str) -> str:
    """A name without what spellings differ in: cases, dots, dashes and underscores."""
    return re.sub(r"[\W_]+", "", name.lower())


def field_for(name: str) -> str | None:
    """The field that others call so."""
    plain = plain_name(name)
    return next((field for field, names in ALIASES.items() if plain in names), None)
