"""Events on a terminal, or as NDJSON for programs.

In: events as the query API gives them. Out: text on standard output.
Promise: nothing a log holds can move the cursor, ring the bell or hide text: whatever is
not printable is shown as an escape. JSON is given as it came.
"""

from __future__ import annotations

import os
import re
from typing import Any

import click
import msgspec

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

#: C0 without tab and line feed, DEL, C1, and the marks that change the direction of text.
_UNPRINTABLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)
#: Members that say no more than the line does, or nothing to people.
_SHOWN_IN_LINE = frozenset({"timestamp", "severity", "message", "application"})


def show_events(events: list[dict[str, Any]], *, is_json: bool, is_full: bool) -> None:
    """Print events, each on its own line or lines."""
    for event in events:
        text = render_json(event) if is_json else render_line(event)
        click.echo(text, color=in_color())
        if is_full and not is_json:
            click.echo(render_members(event), nl=False, color=in_color())


def render_json(event: dict[str, Any]) -> str:
    """Write the event as one line of JSON."""
    return msgspec.json.encode(event).decode()


def render_line(event: dict[str, Any]) -> str:
    """Write time, severity, application and message; further lines of a message stand in."""
    severity = Severity(event["severity"])
    name = click.style(f"{severity.name.title():5}", **STYLES[severity])
    application = printable(event.get("application") or "-")
    message = printable(event["message"].rstrip()).replace("\n", "\n    ")
    time = click.style(shorten_instant(event["timestamp"]), dim=True)
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
    shown = printable(text.rstrip()).replace("\n", "\n        ")
    return f"    {click.style(printable(name), dim=True)}: {shown}\n"


def show_notice(answer: dict[str, Any]) -> None:
    """Say on standard error how a sign of the search was read, where that is worth a word."""
    if notice := answer.get("notice"):
        click.echo(printable(notice), err=True)


def show_hint(hint: dict[str, Any] | None, first: str = "") -> None:
    """Say on standard error what may be meant, and how many events other readings find."""
    text = printable(hint["text"]) if hint else ""
    if first or text:
        click.echo(f"{first} {text}".strip(), err=True)
    for offer in (hint or {}).get("offers", ()):
        click.echo(f"{offer['count']:>9,}  {printable(offer['q'])}", err=True)


def printable(text: str) -> str:
    """Show what is not printable as an escape."""
    return _UNPRINTABLE.sub(lambda found: ascii(found[0])[1:-1], text)


def shorten_instant(instant: str) -> str:
    """Cut an ISO time in UTC to milliseconds, all of the same width."""
    second, _, fraction = instant.removesuffix("Z").partition(".")
    return f"{second}.{fraction[:3]:0<3}Z"


def in_color() -> bool | None:
    """None: click colours terminals alone; NO_COLOR (no-color.org) asks for none there too."""
    return False if os.environ.get("NO_COLOR") else None
