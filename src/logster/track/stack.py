"""The exceptions of an event as parts of a key: their types, and the frames that tell them apart.

In: a chain, and whose code is whose. Out: parts, the root of all first; whether the message has to
tell more; what was left out, and why. Promise: pure; linear in frames and exceptions, and what is
looked at is bounded.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from logster.track.chain import children_of
from logster.track.evidence import Dropped, Part
from logster.track.files import stable_file
from logster.track.names import UNNAMED, is_minified, is_named, stable_name, stable_type
from logster.track.plumbing import GENERIC, LOCALIZED, WRAPPERS, is_plumbing

if TYPE_CHECKING:
    from logster.track.chain import Chain, Frame, Raised
    from logster.track.owncode import OwnCode

#: Own frames of an exception that count, those nearest the throw; of libraries alone fewer.
MAX_OWN_FRAMES, MAX_LIBRARY_FRAMES = 8, 5
#: So many frames and exceptions are looked at, and so many exceptions count, from the root on.
MAX_FRAMES, MAX_RAISED, MAX_COUNTED = 1_000, 1_000, 8

#: Families whose functions are told with their class or package; in others the file tells it.
_QUALIFIED = frozenset({"dotnet", "csharp", "java", "go", "rust", "elixir", "apple"})

#: Without an own frame they only carry what they hold.
_CARRIERS = WRAPPERS | GENERIC

Parts = tuple[Part, ...]


class _Place(NamedTuple):
    """Where a frame is, the same in every build."""

    id: str
    named: bool
    plumbing: bool


@lru_cache(maxsize=16_384)
def _place_of(family: str, module: str | None, function: str | None, file: str | None) -> _Place:
    name = stable_name(family, function) if function else ""
    plumbing = is_plumbing(family, name, file)
    if family == "javascript" and (not name or is_minified(name)):
        name = UNNAMED
    inside = _inside(family, module, name, file)
    place = f"{inside}:{name}" if inside and name else inside or name
    is_told = bool(inside) or is_named(name)
    return _Place(place if is_told else "", is_named(name), plumbing)


def _inside(family: str, module: str | None, name: str, file: str | None) -> str:
    """What a function stands in, when its own name does not tell it."""
    if name and (family in _QUALIFIED or (family == "php" and is_qualified(name))):
        return module if module and not is_qualified(name) else ""
    return (stable_file(file) if file else "") or module or ""


def is_qualified(name: str) -> bool:
    """Whether the name of a function has that of its class or package before it."""
    return "." in name or "::" in name or "->" in name or "[" in name


class _Own(NamedTuple):
    """What an exception is, apart from those that it belongs to."""

    type: str
    frames: tuple[str, ...]
    is_weak: bool


_NOTHING = _Own("", (), is_weak=False)


class Stack:
    """The exceptions of a chain, looked at once."""

    def __init__(self, family: str, chain: Chain | None, own_code: OwnCode | None) -> None:
        self._family = family
        self._own_code = own_code
        self._dropped: dict[str, list[str | int]] = {}
        self._raised = chain.raised[:MAX_RAISED] if chain is not None else ()
        self._children = children_of(self._raised)
        self._kind = "frame"
        self._found = self._look_at_all(is_own=True)
        if not any(each.frames for each in self._found):
            self._kind = "library"
            self._dropped.clear()
            self._found = self._look_at_all(is_own=False)
        self._has_frames = any(each.frames for each in self._found)

    def _look_at_all(self, *, is_own: bool) -> list[_Own]:
        kept = {0}.union(*self._children.values())
        return [
            self._look(raised, is_own=is_own) if index in kept else _NOTHING
            for index, raised in enumerate(self._raised)
        ]

    @property
    def needs_message(self) -> bool:
        """Whether types and frames are not enough to tell one error from another."""
        if not self._has_frames:
            return True
        if self._kind == "library":
            types = {each.type for each in self._found}
            return self._family not in LOCALIZED or bool(types & GENERIC) or types == {""}
        return all(each.is_weak for each in self._found if each.frames)

    def said(self) -> tuple[str, str]:
        """The type and the message of what went wrong first."""
        if not self._raised:
            return "", ""
        root = self._raised[_root_of(self._children)]
        return root.type or "", root.message or ""

    def parts(self) -> Parts:
        """Types and frames, the root of all first."""
        made: dict[int, Parts] = {}
        for index in reversed(range(len(self._raised))):  # children stand behind their parents
            made[index] = self._join(index, made)
        return made[0] if made else ()

    def dropped(self) -> tuple[Dropped, ...]:
        """What is not in the key, for each reason."""
        return tuple(
            Dropped(why, int(count), str(first)) for why, (count, first) in self._dropped.items()
        )

    def _join(self, index: int, made: dict[int, Parts]) -> Parts:
        causes: list[Part] = []
        members: dict[Parts, None] = {}
        for child in self._children.get(index, ()):
            parts = made.pop(child)
            if self._raised[child].relation == "member":
                members[parts] = None
            else:
                causes += parts
        own = self._parts_of(index)
        if members:
            if len(members) == 1:  # the group says no more than the one that is in it
                [own] = members
            else:
                groups = sorted(members, key=lambda parts: [part.text for part in parts])
                own = (*own, *(part for group in groups for part in (Part("group", ""), *group)))
        return _bounded((*causes, *own)) if causes or members else own

    def _parts_of(self, index: int) -> Parts:
        kind, frames, _ = self._found[index]
        if not frames and index in self._children and (kind in _CARRIERS or not kind):
            self._drop("a wrapper, without an own frame", kind or "(no type)")
            return ()
        types = (Part("type", kind),) if kind else ()
        return (*types, *(Part(self._kind, frame) for frame in frames))

    def _look(self, raised: Raised, *, is_own: bool) -> _Own:
        kind = stable_type(raised.type) if raised.type else ""
        frames: dict[str, bool] = {}
        most = MAX_OWN_FRAMES if is_own else MAX_LIBRARY_FRAMES
        spare: dict[str, bool] = {}
        family = self._family
        for frame in raised.frames[:MAX_FRAMES]:
            # First, since it spares all else: most frames are of libraries.
            if is_own and not self._is_own(frame):
                self._drop("of a library", frame.function or frame.file or "")
                continue
            place = _place_of(family, frame.module, frame.function, frame.file)
            if not place.id:
                self._drop("no place", frame.function or "")
            elif place.plumbing:
                if is_own:
                    spare.setdefault(place.id, place.named)
                self._drop("plumbing", place.id)
            elif place.id in frames:
                self._drop("repeated", place.id)
            elif len(frames) == most:
                self._drop(f"farther from the throw than {most} others", place.id)
            else:
                frames[place.id] = place.named
        frames = frames or dict(list(spare.items())[:most])
        is_weak = not any(frames.values()) and (self._family == "javascript" or kind in GENERIC)
        return _Own(kind, tuple(frames), is_weak)

    def _is_own(self, frame: Frame) -> bool:
        return frame.in_app if self._own_code is None else self._own_code.claims(frame)

    def _drop(self, why: str, what: str) -> None:
        found = self._dropped.get(why)
        if found is None:
            self._dropped[why] = [1, what]
        else:
            found[0] += 1  # type: ignore[operator]  # the first is a number


def _root_of(children: dict[int, list[int]]) -> int:
    """What went wrong first: the reason of the reason, of the first of a group."""
    index = 0
    while below := children.get(index):
        index = below[0]
    return index


def _bounded(parts: Parts) -> Parts:
    """The parts of the first exceptions; one that comes again tells nothing."""
    runs: dict[Parts, None] = {}
    begin = 0
    for place, part in enumerate(parts):
        if part.kind in ("type", "group") and place > begin:
            runs[parts[begin:place]] = None
            begin = place
    runs[parts[begin:]] = None
    return tuple(part for run in list(runs)[:MAX_COUNTED] for part in run)
