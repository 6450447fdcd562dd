"""Who sent records: their resource and scope, read once for all of them.

In: attributes by their names. Out: an `Origin`: the fields they stand for, and the properties.
Promise: nothing is lost: what is no field is a property, `resource.` or `scope.` before its name.
See docs/decisions/039-attributes-of-opentelemetry.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from logster.ingest.properties import gather, join

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    #: A name and its value.
    Pair = tuple[str, Any]

_encode = msgspec.json.Encoder().encode

#: Attribute of a resource -> our field; of two for one field the first is taken.
RESOURCE_FIELDS = {
    "service.name": "application",
    "service.version": "release",
    "deployment.environment.name": "environment",
    "deployment.environment": "environment",
    "host.name": "host",
}


class Origin:
    """What is the same for each record of a scope."""

    __slots__ = ("_tail", "_text", "fields", "properties")

    def __init__(self, fields: dict[str, Any], properties: dict[str, Any]) -> None:
        self.fields = fields
        self.properties = properties
        self._text = _encode(properties)
        self._tail = b"," + self._text[1:]

    def of_scope(
        self, name: str, version: str, attributes: Iterable[Pair], schema_url: str, dropped: int
    ) -> Origin:
        """The same resource with one of its scopes."""
        fields = {**self.fields, "category": name} if name else self.fields
        said = gather([*_version_of(version), *attributes, *_extras_of(schema_url, dropped)])
        return Origin(fields, self.properties | _named("scope.", said) if said else self.properties)

    def joined(self, attributes: dict[str, Any]) -> dict[str, Any] | bytes:
        """The properties of a record: its attributes, and these, which become text only once."""
        shared = self.properties
        if not shared:
            return attributes
        if not attributes:
            return self._text
        if not attributes.keys().isdisjoint(shared):
            return join([attributes, shared])
        try:
            return _encode(attributes)[:-1] + self._tail
        except RecursionError:  # told of the record when its properties are looked at
            return join([attributes, shared])


def origin_of(attributes: Iterable[Pair], schema_url: str, dropped: int) -> Origin:
    """What a resource says; `dropped` is how many attributes its sender has left away."""
    said = gather(attributes)
    fields: dict[str, Any] = {}
    for name, field in RESOURCE_FIELDS.items():
        value = said.get(name)
        if field not in fields and isinstance(value, str) and value:
            fields[field] = said.pop(name)
    said = gather([*said.items(), *_extras_of(schema_url, dropped)])
    return Origin(fields, _named("resource.", said))


def _named(prefix: str, said: Mapping[str, Any]) -> dict[str, Any]:
    return {prefix + name: value for name, value in said.items()}


def _version_of(version: str) -> list[Pair]:
    return [("version", version)] if version else []


def _extras_of(schema_url: str, dropped: int) -> list[Pair]:
    extras: list[Pair] = [("schema_url", schema_url), ("dropped_attributes_count", dropped)]
    return [pair for pair in extras if pair[1]]
