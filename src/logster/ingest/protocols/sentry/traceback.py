"""Exceptions as text, as their language prints them, so that people and searches know it.

In: a chain of exceptions, the outermost last, or frames alone; the platform. Out: text.
Promise: pure; every exception and, but for the middle of very deep stacks, every frame is told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from logster.ingest.protocols.sentry.exceptions import Frame, Raised, Stack
from logster.ingest.protocols.sentry.frames import file_of, render_name, shown_frames, text_of
from logster.ingest.protocols.sentry.python import render_places, render_python

Chain = Sequence[Raised]
#: A frame -> its line.
Line = Callable[[Frame], str]


def render_chain(chain: Chain, platform: str) -> str:
    """All exceptions with their frames."""
    render = _LANGUAGES.get(platform, _render_javascript)
    return "\n".join(render(chain))


def render_frames(frames: list[Frame], platform: str) -> str:
    """Frames of a message, or of a thread, that no exception was raised in."""
    if platform == "python":
        return "\n".join(["Traceback (most recent call last):", *render_places(frames)])
    return render_chain([Raised(stacktrace=Stack(list(frames)))], platform).lstrip("\n")


def _inner_first(frames: Sequence[Frame], line: Line, margin: str = "") -> Iterator[str]:
    """Lines of frames as most languages have them: the innermost is the first."""
    for frame in reversed(shown_frames(frames)):
        if isinstance(frame, int):
            yield f"{margin}    ... {frame} frames are left out"
        else:
            yield margin + line(frame)


def _position(frame: Frame) -> str:
    """`file:line:column`, as far as it is known."""
    parts = (file_of(frame), text_of(frame.lineno), text_of(frame.colno))
    return ":".join(part for part in parts if part) or text_of(frame.instruction_addr)


# --- JavaScript, and whatever has no form of its own here ----------------------------------


def _render_javascript(chain: Chain) -> Iterator[str]:
    """Node's form: causes stand in braces, each further to the right."""
    depth = len(chain) - 1
    for number, raised in enumerate(reversed(chain)):
        margin = "  " * number
        name = render_name(raised)
        lines = [*name.split("\n")] if name else []
        if number:
            lines = [f"[cause]: {name}"]
        lines = [margin + line for line in lines]
        lines.extend(_inner_first(raised.frames, _javascript_line, margin))
        if number < depth and lines:
            lines[-1] += " {"
        yield from lines
    for number in reversed(range(depth)):
        yield "  " * number + "}"


def _javascript_line(frame: Frame) -> str:
    function, position = text_of(frame.function), _position(frame)
    if function == "?":
        function = ""
    place = f"{function} ({position})" if function and position else function + position
    return f"    at {place}"


# --- Java ------------------------------------------------------------------------------------


def _render_java(chain: Chain) -> Iterator[str]:
    for number, raised in enumerate(reversed(chain)):
        yield ("Caused by: " if number else "") + render_name(raised, "java")
        yield from _inner_first(raised.frames, _java_line)


def _java_line(frame: Frame) -> str:
    names = (text_of(frame.module), text_of(frame.function))
    file, line = text_of(frame.filename), text_of(frame.lineno)
    place = f"{file}:{line}" if file and line else file or "Unknown Source"
    return f"\tat {'.'.join(name for name in names if name)}({place})"


# --- .NET ------------------------------------------------------------------------------------


def _render_dotnet(chain: Chain) -> Iterator[str]:
    names = [render_name(raised) for raised in reversed(chain)]
    yield "\n ---> ".join(names)
    for number, raised in enumerate(chain):
        yield from _inner_first(raised.frames, _dotnet_line)
        if number < len(chain) - 1:
            yield "   --- End of inner exception stack trace ---"


def _dotnet_line(frame: Frame) -> str:
    function = text_of(frame.function)
    names = filter(None, (text_of(frame.module), function))
    place, line = text_of(frame.abs_path) or text_of(frame.filename), text_of(frame.lineno)
    where = f" in {place}:line {line}" if place and line else ""
    return f"   at {'.'.join(names)}{'' if function.endswith(')') else '()'}{where}"


# --- PHP -------------------------------------------------------------------------------------


def _render_php(chain: Chain) -> Iterator[str]:
    for number, raised in enumerate(chain):
        if number:
            yield ""
        frames = raised.frames
        place = f" in {_php_place(frames[-1])}" if frames else ""
        yield ("Next " if number else "") + render_name(raised) + place
        yield "Stack trace:"
        told = reversed(shown_frames(frames))
        yield from (f"#{count} {_php_line(frame)}" for count, frame in enumerate(told))


def _php_line(frame: Frame | int) -> str:
    if isinstance(frame, int):
        return f"({frame} frames are left out)"
    function = text_of(frame.function)
    return f"{_php_place(frame).replace(':', '(', 1)}): {function or '{main}'}()"


def _php_place(frame: Frame) -> str:
    return f"{file_of(frame)}:{text_of(frame.lineno)}"


# --- Ruby ------------------------------------------------------------------------------------


def _render_ruby(chain: Chain) -> Iterator[str]:
    for raised in reversed(chain):
        places = list(_inner_first(raised.frames, _ruby_line))
        kind, value = text_of(raised.type), text_of(raised.value)
        name = value if not kind or value.endswith(f"({kind})") else f"{value} ({kind})"
        yield f"{places[0]}: {name}" if places else name
        yield from (f"\tfrom {place}" for place in places[1:])


def _ruby_line(frame: Frame) -> str:
    place = f"{file_of(frame)}:{text_of(frame.lineno)}"
    function = text_of(frame.function)
    return f"{place}:in `{function}'" if function else place


# --- Go --------------------------------------------------------------------------------------


def _render_go(chain: Chain) -> Iterator[str]:
    for number, raised in enumerate(reversed(chain)):
        if number:
            yield ""
        name = render_name(raised)
        yield f"Caused by: {name}" if number else name
        if frames := raised.frames:
            yield ""
            yield "goroutine 1 [running]:"
            yield from _inner_first(frames, _go_line)


def _go_line(frame: Frame) -> str:
    names = ".".join(filter(None, (text_of(frame.module), text_of(frame.function))))
    return f"{names}(...)\n\t{file_of(frame)}:{text_of(frame.lineno)}"


_LANGUAGES: dict[str, Callable[[Chain], Iterator[str]]] = {
    "python": render_python,
    "java": _render_java,
    "csharp": _render_dotnet,
    "php": _render_php,
    "ruby": _render_ruby,
    "go": _render_go,
}
