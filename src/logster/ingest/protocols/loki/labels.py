"""Labels of a stream, and the metadata of a line: which of them is which field of an event.

In: `{app="shop", level="info"}` as text, or names and values. Out: fields and properties.
Promise: nothing is lost: a label that no field can hold is a property, and a text that cannot be
read as labels is the property `labels`.
"""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING, Any

import msgspec

from logster.fields.aliases import find_fields
from logster.fields.severity import severity_of
from logster.ingest.properties import join

if TYPE_CHECKING:
    from collections.abc import Container, Mapping

#: Who sent it, the surest first, about as Loki looks for the name of a service.
APPLICATIONS = (
    *("service_name", "service", "application", "app", "app_name", "app_kubernetes_io_name"),
    *("compose_service", "container", "container_name", "k8s_container_name", "unit", "job"),
    "k8s_job_name",
)
#: What agents say when they do not know.
_UNKNOWN = "unknown_service"
#: Labels of Loki's own kind, beside the names that every logger has.
_FIELDS = {
    "detected_level": "severity",
    "lokilevel": "severity",
    "deployment_environment_name": "environment",
    "deployment_environment": "environment",
    "service_version": "release",
    "node_name": "host",
    "nodename": "host",
}
#: What was found out of longer texts is not remembered: memory for them is bounded so.
_MAX_KEPT = 2048
#: A label may be called like these, but is none of them.
_NOT_LABELS = frozenset({"message", "timestamp"})

_PAIR = re.compile(
    r'\s*(?P<name>[^\s=,{}"]+)\s*=\s*'
    r'(?:"(?P<quoted>(?:[^"\\]++|\\.)*+)"|`(?P<raw>[^`]*+)`)\s*(?:,|$)',
    re.DOTALL,
)
#: What Go's strconv.Quote writes.
_ESCAPE = re.compile(
    r"\\(?:u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|x([0-9a-fA-F]{2})|([0-7]{3})|(.))", re.DOTALL
)
_LETTERS = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_LAST_CHARACTER, _HALVES = 0x10FFFF, range(0xD800, 0xE000)


class Said(msgspec.Struct, frozen=True, eq=False):
    """What labels say: fields of an event, and properties; each is equal to itself only."""

    fields: dict[str, Any] = {}
    properties: dict[str, Any] = {}

    def of_tenant(self, tenant: str) -> Said:
        """The same with the tenant that a request is for."""
        if not tenant:
            return self
        return Said(self.fields, join([self.properties, {"tenant": tenant}]))


def read_labels(text: str) -> Said:
    """What the labels of a stream say, written as in a query."""
    return (_read_labels if len(text) <= _MAX_KEPT else _read_labels.__wrapped__)(text)


# The streams of a client are the same in each of its batches.
@functools.lru_cache(maxsize=1024)
def _read_labels(text: str) -> Said:
    labels = parse_labels(text)
    return find_said(labels) if labels is not None else Said({}, {"labels": text})


def parse_labels(text: str) -> dict[str, str] | None:
    """Names and values; None when the text is none of labels."""
    inner = text.strip()
    if not (inner.startswith("{") and inner.endswith("}")):
        return None
    inner, place = inner[1:-1].strip(), 0
    labels: dict[str, str] = {}
    while place < len(inner):
        found = _PAIR.match(inner, place)
        if found is None:
            return None
        quoted = found["quoted"]
        labels[found["name"]] = found["raw"] if quoted is None else _unquoted(quoted)
        place = found.end()
    return labels


def _unquoted(text: str) -> str:
    return _ESCAPE.sub(_character, text) if "\\" in text else text


def _character(escape: re.Match[str]) -> str:
    short, long, byte, octal, letter = escape.groups()
    if letter:
        return _LETTERS.get(letter, letter)
    code = int(octal, 8) if octal else int(short or long or byte, 16)
    return chr(code) if code <= _LAST_CHARACTER and code not in _HALVES else "\ufffd"


def find_said(labels: Mapping[str, Any], known: Container[str] = ()) -> Said:
    """What labels or metadata say; the fields of `known` are said already."""
    names = tuple(labels)
    is_usual = sum(map(len, names)) <= _MAX_KEPT
    fields: dict[str, Any] = {}
    properties = dict(labels)
    for name, field in (_fields_of if is_usual else _fields_of.__wrapped__)(names):
        value = labels[name]
        if field in fields or field in known or not isinstance(value, str) or not value.strip():
            continue
        if field == "severity":
            value = severity_of(value)
        elif field == "application" and value == _UNKNOWN:
            continue
        if value is not None:
            fields[field] = value
            del properties[name]
    return Said(fields, properties)


@functools.lru_cache(maxsize=1024)
def _fields_of(names: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """Those of the names that may hold a field; of two for one field the surer is first."""
    found = [(name, "application") for name in APPLICATIONS if name in names]
    found += [
        (name, field) for field, name in find_fields(names).items() if field not in _NOT_LABELS
    ]
    found += [(name, field) for name, field in _FIELDS.items() if name in names]
    return tuple(found)
