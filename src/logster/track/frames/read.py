"""The exceptions of an event, whatever its dialect sent: a text, or the frames of an SDK.

In: texts. Out: a chain, or None where there is none. Promise: pure, linear time for any text;
what cannot be read stays readable text, and is nobody's fault.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from logster.track.chain import Chain, Raised
from logster.track.frames import (
    apple,
    dart,
    delphi,
    dotnet,
    elixir,
    go,
    java,
    javascript,
    native,
    php,
    powershell,
    python,
    ruby,
    rust,
)
from logster.track.frames.draft import MAX_MESSAGE_CHARACTERS
from logster.track.frames.head import parse_head
from logster.track.frames.plain import plain_trace
from logster.track.frames.sdk import read_details

if TYPE_CHECKING:
    from logster.track.chain import Frame
    from logster.track.frames.family import Family

#: Asked in this order: a family with certain signs stands before one that only has likely ones.
#: Dart can name its files as Python does, and Ruby begin as Python does. JavaScript knows its
#: frames by `:3:5` at the end of a line, which others have too; .NET by brackets behind a word.
FAMILIES: tuple[Family, ...] = (
    dart.FAMILY,
    ruby.FAMILY,
    python.FAMILY,
    java.FAMILY,
    go.FAMILY,
    rust.FAMILY,
    php.FAMILY,
    elixir.FAMILY,
    delphi.FAMILY,
    powershell.FAMILY,
    apple.FAMILY,
    javascript.FAMILY,
    dotnet.FAMILY,
    native.FAMILY,
)

#: What SDKs call a platform -> the family; others are a family of their own.
_PLATFORMS = {
    "csharp": "dotnet",
    "kotlin": "java",
    "android": "java",
    "scala": "java",
    "node": "javascript",
    "browser": "javascript",
    "react-native": "javascript",
    "typescript": "javascript",
    "cocoa": "apple",
    "objc": "apple",
    "swift": "apple",
    "erlang": "elixir",
    "flutter": "dart",
    "c": "native",
    "cpp": "native",
}
_BY_NAME = {family.name: family for family in FAMILIES}
#: Of a text that names no language.
OTHER = "other"


def family_of(platform: str | None) -> str:
    """The family of a platform, as SDKs call it."""
    return _PLATFORMS.get(platform or OTHER, platform or OTHER)


def read_chain(text: str) -> Chain | None:
    """The exceptions that a text tells of."""
    text = plain_trace(text)
    for family in FAMILIES:
        if family.claims(text) and (raised := family.read(text)) and _says_something(raised):
            return Chain(family.name, raised)
    return None


def _says_something(raised: tuple[Raised, ...]) -> bool:
    return any(each.frames or each.type for each in raised)


def read_event(
    *,
    exception: str | None = None,
    stack_trace: str | None = None,
    message: str | None = None,
    details: dict[str, Any] | None = None,
    platform: str | None = None,
) -> Chain | None:
    """The exceptions of an event: of its details, of its texts, else of its message.

    A stack trace may have frames alone; what was raised there then stands in `exception`.
    """
    if details and (chain := _read_details(details, family_of(platform))) is not None:
        return chain
    traced = read_chain(stack_trace) if stack_trace else None
    if traced is not None and (traced.raised[0].type or not exception):
        return traced
    raised = read_chain(exception) if exception else None
    if raised is not None and _has_frames(raised):
        return raised
    if exception:
        if traced is not None:
            return _combined(raised or Chain(traced.family, (_said(exception),)), traced)
        return raised or Chain(family_of(platform), (_said(exception),))
    told = read_chain(message) if message and "\n" in message else None
    return told if told is not None and _has_frames(told) else None


def _has_frames(chain: Chain) -> bool:
    return any(raised.frames for raised in chain.raised)


def _said(text: str) -> Raised:
    """`Type: message` without a trace; of a text that names no type, the message."""
    text = text.strip()
    first, feed, rest = text.partition("\n")
    name, said = parse_head(first) or (None, first)
    if said is None:
        return Raised(type=name, message=rest[:MAX_MESSAGE_CHARACTERS] or None)
    return Raised(type=name, message=(said + feed + rest)[:MAX_MESSAGE_CHARACTERS].rstrip())


def _combined(said: Chain, traced: Chain) -> Chain:
    """What was raised, with the frames of a trace that does not say it."""
    outermost = msgspec.structs.replace(said.raised[0], frames=traced.raised[0].frames)
    rest = said.raised[1:] if len(said.raised) > 1 else traced.raised[1:]
    return Chain(traced.family, (outermost, *rest))


def _read_details(details: dict[str, Any], family: str) -> Chain | None:
    if not details.keys() & {"exception", "threads", "stacktrace"}:
        return None
    found = _BY_NAME.get(family)
    raised = read_details(details, family, found.is_library if found else _is_nobodys)
    return Chain(family, raised) if raised else None


def _is_nobodys(_: Frame) -> bool:
    return False
