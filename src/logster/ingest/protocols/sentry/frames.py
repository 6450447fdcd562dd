"""What the languages share when they tell of an exception: its name, and which frames are told.

In: exceptions and frames as they were sent. Out: text, and frames.
Promise: a member that is no text and no number says nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    import msgspec

    from logster.ingest.protocols.sentry.exceptions import Frame, Raised

#: Of deeper stacks so many of the innermost and of the outermost frames are told.
MAX_INNER_FRAMES = 200
MAX_OUTER_FRAMES = 50

#: Modules of Python whose names nobody writes.
_UNNAMED_MODULES = frozenset({"builtins", "__main__", "exceptions"})
_NAMING_PLATFORMS = frozenset({"python", "java"})


def text_of(value: Any) -> str:
    """A value as text."""
    if type(value) is str:  # of a frame, nearly always: half the time of what follows
        return value
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else ""


def is_empty(raw: msgspec.Raw) -> bool:
    """Whether a member has nothing in it."""
    return len(raw) <= _EMPTY_BYTES and bytes(raw) in _EMPTY


_EMPTY = (b"null", b"{}", b"[]")
_EMPTY_BYTES = max(map(len, _EMPTY))


def shown_frames(frames: Sequence[Frame]) -> Sequence[Frame | int]:
    """The frames that are told, and in their middle how many are not."""
    left_out = len(frames) - MAX_INNER_FRAMES - MAX_OUTER_FRAMES
    if left_out <= 0:
        return frames
    return [*frames[:MAX_OUTER_FRAMES], left_out, *frames[-MAX_INNER_FRAMES:]]


def render_name(raised: Raised, platform: str = "") -> str:
    """`TypeError: card declined`; of a platform, the type with its module."""
    kind, value = text_of(raised.type), text_of(raised.value)
    module = text_of(raised.module) if kind and platform in _NAMING_PLATFORMS else ""
    if module and module not in _UNNAMED_MODULES:
        kind = f"{module}.{kind}"
    if kind and value.endswith(f" ({kind})"):  # Ruby says it twice
        value = value.removesuffix(f" ({kind})")
    return f"{kind}: {value}" if kind and value else kind or value


def file_of(frame: Frame) -> str:
    """Where its file is."""
    return text_of(frame.abs_path) or text_of(frame.filename) or text_of(frame.package)
