"""Which route answers a path: exact paths first, then patterns, narrow ones before wide ones.

In: the routes of all protocols, once; then paths and methods. Out: a `Match`, or None.
Promise: two routes for one thing are an error at the start, so that no order of listing decides.

The order of match:

1. Paths without parameters, by look-up: as written, else without the slashes at their end, else
   in lower case; each route says which of these it takes.
2. What is Logster's own (`root.is_own`) is left alone by all patterns.
3. Patterns, compared name by name from the left: a written name comes before a parameter
   (`{id}`), and a parameter before all that is below (`{rest...}`).

The path decides, and only then the method: when a path has no route for it, the protocol of that
path says which methods there are.
"""

from __future__ import annotations

import enum
import re
from collections import defaultdict
from collections.abc import Mapping
from typing import TYPE_CHECKING

import msgspec

from logster.ingest.protocol import ANY_METHOD, Protocol, Route, Spelling
from logster.root import is_own

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_PARAMETER = re.compile(r"\{([a-z_]+)\}")
_REST = re.compile(r"\{([a-z_]+)\.\.\.\}")


class _Kind(enum.IntEnum):
    """What a name between two slashes of a pattern is; in the order of match."""

    WRITTEN = 0
    PARAMETER = 1
    REST = 2


#: Parameters are compared without their names.
_SHAPES = {_Kind.PARAMETER: "{}", _Kind.REST: "{...}"}
_ANY_NAME = _SHAPES[_Kind.PARAMETER]


class Match(msgspec.Struct, frozen=True, kw_only=True):
    """The route of a path; `allowed` are the path's methods when the asked one is none of them."""

    protocol: Protocol
    route: Route
    params: Mapping[str, str] = {}
    allowed: str = ""
    #: whether a body is to be taken in
    is_intake: bool = False


class Routes:
    """The routes of all protocols."""

    def __init__(self, protocols: Iterable[Protocol] = ()) -> None:
        """Raises ValueError for two routes of one meaning."""
        self._as_written: dict[str, _Place] = {}
        self._any_slash: dict[str, _Place] = {}
        self._any_case: dict[str, _Place] = {}
        #: by the first name of the path; patterns that leave it open are under `_ANY_NAME`
        self._patterns: dict[str, list[_Pattern]] = defaultdict(list)
        #: every path in the one form in which they are compared
        self._shapes: dict[str, tuple[Spelling, _Place]] = {}
        for protocol in protocols:
            self.add(protocol, protocol.routes)

    def add(self, protocol: Protocol, routes: Iterable[Route]) -> None:
        """Take in routes of a protocol; raises ValueError for one whose place is taken."""
        for route in routes:
            for path in (route.path, *route.aliases):
                self._add_path(protocol, route, path)

    def find(self, path: str, method: str) -> Match | None:
        """The route for a path; None when it is not one of ingestion's."""
        bare = path.rstrip("/")
        place = (
            self._as_written.get(path)
            or self._any_slash.get(bare)
            or self._any_case.get(bare.lower())
        )
        if place is not None:
            return place.find(method)
        return None if is_own(path) else self._find_pattern(path, bare, method)

    def _find_pattern(self, path: str, bare: str, method: str) -> Match | None:
        first = bare[1:].partition("/")[0].lower()
        for pattern in self._patterns.get(first, []) + self._patterns.get(_ANY_NAME, []):
            values = pattern.match(path, bare)
            if values is not None:
                return pattern.place.find(method, values)
        return None

    def _add_path(self, protocol: Protocol, route: Route, path: str) -> None:
        names = _names_of(path)
        end = "/" if route.spelling is Spelling.AS_WRITTEN and path.endswith("/") else ""
        shape = "/".join(map(_shape_of, names)).lower() + end
        spelling, place = self._shapes.setdefault(shape, (route.spelling, _Place()))
        if spelling is not route.spelling:
            raise ValueError(f"{path} of {protocol.name} is spelt in another way by another route")
        if not place.is_used:
            self._put(place, names, spelling, end)
        parameters = tuple(name.strip("{}.") for name in names if _kind_of(name))
        place.add(protocol, route, path, parameters)

    def _put(self, place: _Place, names: list[str], spelling: Spelling, end: str) -> None:
        path = "".join(f"/{name}" for name in names) + end
        if any(map(_kind_of, names)):
            first = _ANY_NAME if _kind_of(names[0]) else names[0].lower()
            self._patterns[first].append(_Pattern(names, spelling, end, place))
            self._patterns[first].sort(key=lambda pattern: pattern.width)
        elif spelling is Spelling.AS_WRITTEN:
            self._as_written[path] = place
        elif spelling is Spelling.ANY_SLASH:
            self._any_slash[path] = place
        else:
            self._any_case[path.lower()] = place


class _Place:
    """The routes of one path, by method."""

    def __init__(self) -> None:
        self._matches: dict[str, Match] = {}
        self._parameters: dict[str, tuple[str, ...]] = {}
        self._refusal: Match | None = None

    @property
    def is_used(self) -> bool:
        """Whether it has a route."""
        return bool(self._matches)

    def add(self, protocol: Protocol, route: Route, path: str, parameters: tuple[str, ...]) -> None:
        """Take in a route; raises ValueError when the place is taken."""
        for method in route.methods:
            if other := self._matches.get(method):
                raise ValueError(
                    f"{method} {path} of {protocol.name} is a route of {other.protocol.name}, too"
                )
            is_intake = route.answer is None
            self._matches[method] = Match(protocol=protocol, route=route, is_intake=is_intake)
            self._parameters[method] = parameters
        first = next(iter(self._matches.values()))
        allowed = ", ".join(sorted(self._matches))
        self._refusal = Match(protocol=first.protocol, route=first.route, allowed=allowed)

    def find(self, method: str, values: Sequence[str] = ()) -> Match | None:
        """The route for a method, or what to say when there is none."""
        if method not in self._matches:
            if ANY_METHOD not in self._matches:
                return self._refusal
            method = ANY_METHOD
        match = self._matches[method]
        if not values:
            return match
        params = dict(zip(self._parameters[method], values, strict=True))
        return msgspec.structs.replace(match, params=params)


class _Pattern:
    """A path with parameters."""

    def __init__(self, names: Sequence[str], spelling: Spelling, end: str, place: _Place) -> None:
        self.place = place
        #: of patterns with the same first name, the lower one is tried first
        self.width = tuple(map(_kind_of, names))
        self._is_as_written = spelling is Spelling.AS_WRITTEN
        flags = re.DOTALL | (re.IGNORECASE if spelling is Spelling.ANY_CASE else 0)
        self._regex = re.compile("".join(map(_regex_of, names)) + end, flags)

    def match(self, path: str, bare: str) -> tuple[str, ...] | None:
        """The values of the parameters; None when the path is another one."""
        found = self._regex.fullmatch(path if self._is_as_written else bare)
        return None if found is None else tuple(value or "" for value in found.groups())


def _names_of(path: str) -> list[str]:
    """What is between the slashes; ValueError for a path that no route can have."""
    before, *names = path.rstrip("/").split("/")
    kinds = [_kind_of(name) for name in names]
    is_odd = any(
        not name or ("{" in name and kind is _Kind.WRITTEN)
        for name, kind in zip(names, kinds, strict=True)
    )
    if before or is_odd or _Kind.REST in kinds[:-1]:
        raise ValueError(f"{path!r} is no path of a route, such as /name/{{one}}/{{all_below...}}")
    return names


def _kind_of(name: str) -> _Kind:
    if _PARAMETER.fullmatch(name):
        return _Kind.PARAMETER
    return _Kind.REST if _REST.fullmatch(name) else _Kind.WRITTEN


def _shape_of(name: str) -> str:
    return _SHAPES.get(_kind_of(name), name)


def _regex_of(name: str) -> str:
    kind = _kind_of(name)
    if kind is _Kind.WRITTEN:
        return f"/{re.escape(name)}"
    return "/([^/]+)" if kind is _Kind.PARAMETER else "(?:/(.*))?"
