"""Exceptions as SDKs of Sentry's dialect send them: objects, in the details of an event.

In: details, the platform. Out: a chain. Promise: pure; what is of another form than Sentry's is
left out, and stays in the details.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from logster.track.chain import Frame, Relation
from logster.track.frames.digits import MAX_DIGITS, parse_digits
from logster.track.frames.draft import Draft
from logster.track.frames.forest import Tree, flatten

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from logster.track.chain import Raised

#: More exceptions or frames are not looked at: those nearest the throw are.
MAX_SENT = 10_000
#: Modules of Python whose names nobody writes before a type.
_UNNAMED = frozenset({"builtins", "__main__", "exceptions"})
#: Runtimes in which the module is part of the type's name.
_NAMED = frozenset({"python", "java", "dotnet"})


def read_details(
    details: dict[str, Any], family: str, is_library: Callable[[Frame], bool]
) -> tuple[Raised, ...]:
    """The exceptions of an event, the outermost first; none when it has none."""
    sent = _objects(details.get("exception"), "values")
    drafts = [_draft_of(each, family, is_library) for each in sent]
    if any(draft.type or draft.said or draft.frames for draft in drafts):
        return flatten(_tree_of(sent, drafts))
    draft = Draft()
    draft.frames = _frames_of(_thread_of(details), is_library)
    return flatten(Tree(draft)) if draft.frames else ()


def _objects(value: Any, name: str) -> list[dict[str, Any]]:
    """Objects of `{"values": […]}`, of a list, or one that stands alone."""
    if isinstance(value, dict):
        value = value.get(name, [value])
    if not isinstance(value, list):
        return []
    return [each for each in value[-MAX_SENT:] if isinstance(each, dict)]


def _draft_of(sent: dict[str, Any], family: str, is_library: Callable[[Frame], bool]) -> Draft:
    kind, module = _text(sent.get("type")), _text(sent.get("module"))
    if kind and module and family in _NAMED and module not in _UNNAMED and "." not in kind:
        kind = f"{module}.{kind}"
    draft = Draft(kind, _text(sent.get("value")))
    draft.frames = _frames_of(sent, is_library)
    return draft


def _tree_of(sent: list[dict[str, Any]], drafts: list[Draft]) -> Tree:
    """Which exception belongs to which: by the ids they have, else each to the one behind it."""
    trees = [Tree(draft) for draft in drafts]
    mechanisms = [_object(each.get("mechanism")) for each in sent]
    places = {
        number: index
        for index, mechanism in enumerate(mechanisms)
        if (number := _number(mechanism.get("exception_id"))) is not None
    }
    # The outermost is the last. A parent stands behind its children, so there is no circle.
    for index in range(len(trees) - 2, -1, -1):
        mechanism = mechanisms[index]
        number = _number(mechanism.get("parent_id"))
        parent = index + 1 if number is None else places.get(number, index + 1)
        if parent <= index:
            parent = index + 1
        trees[parent].add(trees[index], _relation_of(mechanism))
    return trees[-1]


def _relation_of(mechanism: dict[str, Any]) -> Relation:
    source = _text(mechanism.get("source")) or ""
    if source.startswith(("exceptions", "errors", "InnerExceptions")):
        return "member"
    if source == "__context__":
        return "context"
    return "suppressed" if source.startswith("suppressed") else "cause"


def _thread_of(details: dict[str, Any]) -> dict[str, Any]:
    """What has the frames of an event without an exception: the thread that crashed, or spoke."""
    if isinstance(details.get("stacktrace"), dict):
        return details
    threads = _objects(details.get("threads"), "values")
    for name in ("crashed", "current"):
        for thread in threads:
            if thread.get(name) is True and isinstance(thread.get("stacktrace"), dict):
                return thread
    return threads[0] if len(threads) == 1 else {}


def _frames_of(sent: dict[str, Any], is_library: Callable[[Frame], bool]) -> list[Frame]:
    """The frames of an exception or a thread, as they are sent: the nearest to the throw last."""
    frames = _object(sent.get("stacktrace")).get("frames")
    listed: Iterable[Any] = frames[-MAX_SENT:] if isinstance(frames, list) else ()
    return [_frame_of(each, is_library) for each in listed if isinstance(each, dict)]


def _frame_of(sent: dict[str, Any], is_library: Callable[[Frame], bool]) -> Frame:
    function = _text(sent.get("function"))
    members: dict[str, Any] = {
        "function": None if function in ("", "?") else function,
        "module": _text(sent.get("module")) or None,
        "file": _text(sent.get("abs_path"))
        or _text(sent.get("filename"))
        or _text(sent.get("package"))
        or None,
        "line": _number(sent.get("lineno")) or None,
        "column": _number(sent.get("colno")),
    }
    in_app = sent.get("in_app")
    if not isinstance(in_app, bool):
        in_app = not is_library(Frame(**members))
    return Frame(in_app=in_app, **members)


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str | None:
    if isinstance(value, bool):
        return None
    return str(value) if isinstance(value, str | int | float) else None


def _number(value: Any) -> int | None:
    """A line, a column, an id; some SDKs send them as text."""
    if isinstance(value, str) and value.isascii() and value.isdecimal():
        value = parse_digits(value)
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if 0 <= value < 10**MAX_DIGITS else None
