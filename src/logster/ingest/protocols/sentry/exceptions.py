"""Exceptions and threads as SDKs send them, whatever of it is of another form.

In: members of an event, as they were sent. Out: the chain, the outermost exception last; frames of
a thread. Promise: pure; what is no object where one belongs is left out here, and kept in details.
"""

from __future__ import annotations

from typing import Any

import msgspec

#: More exceptions than these are not told as text; nobody chains so many.
MAX_CHAINED = 50


class Frame(msgspec.Struct, gc=False):
    """A place in a program."""

    filename: Any = None
    abs_path: Any = None
    function: Any = None
    module: Any = None
    package: Any = None
    lineno: Any = None
    colno: Any = None
    context_line: Any = None
    instruction_addr: Any = None


class Stack(msgspec.Struct):
    """Frames, the innermost last."""

    frames: list[Frame | None] | None = None


class Mechanism(msgspec.Struct):
    """How an exception came to be caught, and which one it belongs to."""

    source: Any = None
    exception_id: Any = None
    parent_id: Any = None
    is_exception_group: Any = None


class Raised(msgspec.Struct):
    """An exception."""

    type: Any = None
    value: Any = None
    module: Any = None
    stacktrace: Stack | None = None
    mechanism: Mechanism | None = None

    @property
    def frames(self) -> list[Frame]:
        """Its frames, the innermost last."""
        return frames_of(self.stacktrace)

    @property
    def says_something(self) -> bool:
        """Whether it has a type, a value or a place."""
        return self.type is not None or self.value is not None or bool(self.frames)

    @property
    def source(self) -> str:
        """The member of the outer exception that it was: `__cause__`, `exceptions[0]`."""
        source = self.mechanism.source if self.mechanism else None
        return source if isinstance(source, str) else ""


class _Thread(msgspec.Struct):
    stacktrace: Stack | None = None
    crashed: Any = None
    current: Any = None


class _Chain(Raised):
    """`{"values": […]}`, or an exception that stands alone."""

    values: list[Raised | None] | None = None


class _Threads(msgspec.Struct):
    values: list[_Thread | None] | None = None


_chain_decoder = msgspec.json.Decoder(_Chain | list[Raised | None] | None)
_threads_decoder = msgspec.json.Decoder(_Threads | list[_Thread | None] | None)
_stack_decoder = msgspec.json.Decoder(Stack | None)
_any_decoder = msgspec.json.Decoder()


def read_chain(raw: msgspec.Raw) -> list[Raised]:
    """The exceptions of an event, the outermost last."""
    found = _decode(raw, _chain_decoder)
    if isinstance(found, _Chain):
        values = [found] if found.values is None else found.values
    else:
        values = found or []
    raised = [each for each in values if each is not None]
    return [each for each in raised[-MAX_CHAINED:] if each.says_something]


def read_thread(raw: msgspec.Raw) -> list[Frame]:
    """The frames of the thread that an event is about: that which crashed, or spoke."""
    found = _decode(raw, _threads_decoder)
    listed = found.values if isinstance(found, _Threads) else found
    threads = [each for each in listed or [] if each is not None]
    for is_meant in (lambda each: each.crashed is True, lambda each: each.current is True):
        for thread in filter(is_meant, threads):
            if frames := frames_of(thread.stacktrace):
                return frames
    return frames_of(threads[0].stacktrace) if len(threads) == 1 else []


def read_stack(raw: msgspec.Raw) -> list[Frame]:
    """The frames of a stack trace that stands alone."""
    return frames_of(_decode(raw, _stack_decoder))


def frames_of(stack: Stack | None) -> list[Frame]:
    """Frames without what is none."""
    if stack is None or stack.frames is None:
        return []
    return [frame for frame in stack.frames if frame is not None]


def _decode(raw: msgspec.Raw, decoder: msgspec.json.Decoder[Any]) -> Any:
    """A value of the decoder's type, without what stands in it that is of another."""
    try:
        return decoder.decode(raw)
    except (ValueError, RecursionError):
        try:
            return msgspec.convert(_without_others(_any_decoder.decode(raw)), decoder.type)
        except (ValueError, RecursionError):
            return None


#: Members whose values are lists of objects, and those whose values are objects.
_LISTS = ("values", "frames")
_OBJECTS = ("stacktrace", "mechanism")


def _without_others(value: Any) -> Any:
    """Only what is an object, or a list of such, where these belong."""
    if isinstance(value, list):
        return [_without_others(each) for each in value if isinstance(each, dict)]
    if not isinstance(value, dict):
        return None
    kept = dict(value)
    for name in _LISTS:
        if name in kept:
            kept[name] = _without_others(kept[name]) if isinstance(kept[name], list) else None
    for name in _OBJECTS:
        if name in kept:
            kept[name] = _without_others(kept[name]) if isinstance(kept[name], dict) else None
    return kept
