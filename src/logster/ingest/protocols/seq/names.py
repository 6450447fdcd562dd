"""What Serilog, its enrichers and Seq's clients call levels and the fields of every event.

In: the properties of an event. Out: the fields that they name.
Promise: pure; a property that fills a field stays a property, since people who come from Seq look
for it by its name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Serilog's names of our severities, Trace to Off: what is above Fatal is nothing.
LEVELS = ("Verbose", "Debug", "Information", "Warning", "Error", "Fatal", "Fatal")

#: Field -> the properties that name it, the surest first.
NAMES: dict[str, tuple[str, ...]] = {
    "application": ("Application", "ApplicationName"),
    "category": ("SourceContext", "LoggerName", "Logger", "logger"),
    "user": ("UserName", "User", "UserId"),
    "host": ("MachineName", "HostName", "hostname", "Host"),
    "environment": ("EnvironmentName", "Environment", "DeploymentEnvironment"),
    "release": ("Release", "ApplicationVersion", "AppVersion"),
}
#: Attribute of a resource of OpenTelemetry -> its field.
_ATTRIBUTES = {
    "service.name": "application",
    "host.name": "host",
    "deployment.environment.name": "environment",
    "deployment.environment": "environment",
    "service.version": "release",
}
#: Property -> its field, and its place among the names of the field.
_RANKED: dict[str, tuple[str, int]] = {
    name: (field, rank) for field, names in NAMES.items() for rank, name in enumerate(names)
}

decode_value = msgspec.json.Decoder().decode


def find_fields(properties: Mapping[str, Any]) -> dict[str, str]:
    """The fields that properties name; a value that is no text, or a blank one, names none."""
    fields: dict[str, str] = {}
    ranks: dict[str, int] = {}
    for name in _RANKED.keys() & properties.keys():
        field, rank = _RANKED[name]
        if rank < ranks.get(field, rank + 1):
            text = text_of(properties[name])
            if text is not None and text.strip():
                fields[field], ranks[field] = text, rank
    return fields


def find_resource_fields(resource: Any) -> dict[str, str]:
    """The fields that the attributes of a resource name, be they `service.name` or nested."""
    fields: dict[str, str] = {}
    for name, field in _ATTRIBUTES.items():
        value = _attribute_of(resource, name)
        if isinstance(value, str) and value.strip():
            fields.setdefault(field, value)
    return fields


def find_scope_fields(scope: Any) -> dict[str, str]:
    """The name of a scope is a category."""
    name = scope.get("name") if isinstance(scope, dict) else None
    return {"category": name} if isinstance(name, str) and name.strip() else {}


def _attribute_of(resource: Any, name: str) -> Any:
    while isinstance(resource, dict):
        if name in resource:
            return resource[name]
        first, _, name = name.partition(".")
        resource = resource.get(first)
    return None


def text_of(value: msgspec.Raw | None) -> str | None:
    """A value that is text."""
    text = None if value is None else decode_value(value)
    return text if isinstance(text, str) else None
