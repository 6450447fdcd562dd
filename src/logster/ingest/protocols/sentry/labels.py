"""Tags, extra data, contexts, the request and the user: what of them a search wants.

In: members of an event, as they were sent. Out: properties and fields.
Promise: pure; what is taken apart here loses nothing, the rest stays whole in the details.
"""

from __future__ import annotations

from typing import Any

import msgspec

from logster.ingest.protocols.sentry.frames import text_of

Members = dict[str, msgspec.Raw]

#: What of a context is a property of its name.
_CONTEXT_MEMBERS = {
    "os": ("name", "version"),
    "browser": ("name", "version"),
    "runtime": ("name", "version"),
    "device": ("name", "model", "family"),
    "response": ("status_code",),
}
_REQUEST_MEMBERS = ("method", "url")
#: What a user is known by, the surest first.
_USER_MEMBERS = ("id", "username", "email", "ip_address", "name")
#: The SDK means: the address that this request comes from.
_AUTO_ADDRESS = "{{auto}}"
#: Names under which what has no place of its own is kept together.
_TOGETHER = ("tags", "extra")

decode_members = msgspec.json.Decoder(Members).decode
_decode_any = msgspec.json.Decoder().decode
_decode_list = msgspec.json.Decoder(list[Any]).decode
_decode_object = msgspec.json.Decoder(dict[str, Any]).decode


def decode_value(raw: msgspec.Raw) -> Any:
    """A value; None for a number beyond all types, which stays as it was sent."""
    try:
        return _decode_any(raw)
    except (ValueError, RecursionError):
        return None


def members_of(raw: msgspec.Raw | None) -> Members | None:
    """The members of an object; None for anything else."""
    if raw is None:
        return None
    try:
        return decode_members(raw)
    except msgspec.ValidationError:
        return None


def read_pairs(raw: msgspec.Raw) -> dict[str, Any] | None:
    """Tags: an object, a list of pairs, or of objects with `key` and `value`."""
    if (members := members_of(raw)) is not None:
        return dict(members)
    try:
        listed = _decode_list(raw)
    except (ValueError, RecursionError):
        return None
    pairs = [pair for pair in map(_pair_of, listed) if pair is not None]
    return dict(pairs) if len(pairs) == len(listed) else None


def _pair_of(value: Any) -> tuple[str, Any] | None:
    if isinstance(value, dict):
        value = [value.get("key"), value.get("value")] if len(value) == 2 else []  # noqa: PLR2004
    if isinstance(value, list) and len(value) == 2 and isinstance(value[0], str):  # noqa: PLR2004
        return value[0], value[1]
    return None


def add_all(properties: dict[str, Any], added: dict[str, Any], name: str) -> None:
    """Add properties; those whose names are taken stay together under `name`."""
    taken = {}
    for each, value in added.items():
        if each in properties or each in _TOGETHER:
            taken[each] = value
        else:
            properties[each] = value
    if taken:
        properties[name] = taken


def request_properties(raw: msgspec.Raw) -> dict[str, Any]:
    """Method and address of a request."""
    return _chosen(raw, _REQUEST_MEMBERS)


def context_properties(contexts: Members) -> dict[str, Any]:
    """Names and versions of where the program ran."""
    chosen = {
        name: _chosen(contexts[name], names)
        for name, names in _CONTEXT_MEMBERS.items()
        if name in contexts
    }
    return {name: members for name, members in chosen.items() if members}


def trace_fields(contexts: Members) -> dict[str, str]:
    """The ids of the trace that an event belongs to."""
    if "trace" not in contexts:
        return {}
    told = _chosen(contexts["trace"], ("trace_id", "span_id"))
    return {name: value for name, value in told.items() if isinstance(value, str)}


def _chosen(raw: msgspec.Raw, names: tuple[str, ...]) -> dict[str, Any]:
    members = members_of(raw) or {}
    values = {name: decode_value(members[name]) for name in names if name in members}
    return {name: value for name, value in values.items() if _is_scalar(value)}


def _is_scalar(value: Any) -> bool:
    return isinstance(value, str | int | float)


def user_of(raw: msgspec.Raw) -> str:
    """What a user is known by."""
    try:
        members = _decode_object(raw)
    except (ValueError, RecursionError):
        return text_of(decode_value(raw))
    named = (text_of(members.get(name)) for name in _USER_MEMBERS)
    return next((name for name in named if name and name != _AUTO_ADDRESS), "")


def sdk_of(raw: msgspec.Raw) -> str:
    """`sentry.python/2.75.0`."""
    told = _chosen(raw, ("name", "version"))
    return "/".join(text_of(told[name]) for name in ("name", "version") if name in told)
