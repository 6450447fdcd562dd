"""Events for people, or as NDJSON for programs.

In: events as the query API gives them. Out: text on standard output.
Promise: a line that begins at the left is an event's first, and four blanks begin a member;
whatever the event holds stands further in.
"""

from __future__ import annotations

from typing import Any

import click
import msgspec

from logster.cli.terminal import indented, note, one_line, render_json, show
from logster.event import Severity

#: Severity -> how it stands out; letters say the same as colours.
STYLES: dict[int, dict[str, Any]] = {
    Severity.TRACE: {"dim": True},
    Severity.DEBUG: {"fg": "cyan"},
    Severity.INFO: {"fg": "green"},
    Severity.WARN: {"fg": "yellow"},
    Severity.ERROR: {"fg": "red"},
    Severity.FATAL: {"fg": "red", "bold": True, "reverse": True},
    Severity.OFF: {"dim": True},
}

#: Further lines of a message or a value stand in by this: more than any line of ours.
_INDENT = 8
#: Members that say no more than the line does, or nothing to people.
_SHOWN_IN_LINE = frozenset({"timestamp", "severity", "message", "application"})


def show_events(events: list[dict[str, Any]], *, is_json: bool, is_full: bool) -> None:
    """Print events, each on its own line or lines."""
    for event in events:
        show(render_json(event) if is_json else render_line(event))
        if is_full and not is_json:
            show(render_members(event), nl=False)


def render_line(event: dict[str, Any]) -> str:
    """Write time, severity, application and message; further lines of a message stand in."""
    severity = Severity(event["severity"])
    name = click.style(f"{severity.name.title():5}", **STYLES[severity])
    application = one_line(event.get("application") or "-")
    message = indented(event["message"], _INDENT)
    time = click.style(one_line(shorten_instant(event["timestamp"])), dim=True)
    return f"{time} {name} {click.style(application, bold=True)}  {message}"


def render_members(event: dict[str, Any]) -> str:
    """Write every other member that has a value, properties included."""
    members = {name: value for name, value in event.items() if name not in _SHOWN_IN_LINE}
    properties = members.pop("properties", None) or {}
    lines = [_render_member(name, value) for name, value in members.items() if value is not None]
    lines.extend(_render_member(f".{name}", value) for name, value in properties.items())
    return "".join(lines)


def _render_member(name: str, value: Any) -> str:
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    return f"    {click.style(one_line(name), dim=True)}: {indented(text, _INDENT)}\n"


def show_notice(answer: dict[str, Any]) -> None:
    """Say on standard error how a sign of the search was read, where that is worth a word."""
    if notice := answer.get("notice"):
        note(one_line(notice))


def show_suggestion(suggestion: dict[str, Any] | None, first: str = "") -> None:
    """Say on standard error what may be meant, and how many events other readings find."""
    text = one_line(suggestion["text"]) if suggestion else ""
    if first or text:
        note(f"{first} {text}".strip())
    for offer in (suggestion or {}).get("offers", ()):
        note(f"{offer['count']:>9,}  {one_line(offer['q'])}")


def shorten_instant(instant: str) -> str:
    """Cut an ISO time in UTC to milliseconds, all of the same width."""
    second, _, fraction = instant.removesuffix("Z").partition(".")
    return f"{second}.{fraction[:3]:0<3}Z"
