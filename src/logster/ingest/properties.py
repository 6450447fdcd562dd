"""Properties of names that may come twice: of one part of a request, or of several.

In: names and values. Out: the properties.
Promise: nothing is lost: a name that comes again has the list of its values.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


def gather(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """Values by their names; a name that comes again has the list of its values."""
    values: dict[str, Any] = {}
    again: set[str] = set()
    for name, value in pairs:
        if name not in values:
            values[name] = value
        elif name in again:
            values[name].append(value)
        else:
            values[name] = [values[name], value]
            again.add(name)
    return values


def join(parts: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The properties of several parts; those of a single one are not copied."""
    parts = [part for part in parts if part]
    if len(parts) <= 1:
        return parts[0] if parts else {}
    joined: dict[str, Any] = {}
    for part in parts:
        joined.update(part)
    if len(joined) == sum(map(len, parts)):  # nearly always
        return joined
    return gather(pair for part in parts for pair in part.items())
