"""The settings of a key as options of `logster key create` and `set`, and as a table.

In: what was typed. Out: what is to be changed; rows for people.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import click

from logster.meta.key_settings import LEVELS

if TYPE_CHECKING:
    from collections.abc import Callable

    from logster.meta.key_settings import KeySettings

_SIZE = re.compile(r"(\d+)\s*([kmgt]?)(i?)b?", re.IGNORECASE)


def _read_number(text: str) -> float | str:
    """A number, or an empty text for none."""
    try:
        return float(text) if text else ""
    except ValueError:
        raise click.BadParameter(f"{text!r} is no number.") from None


def _read_size(text: str) -> int | str:
    """Bytes, as 500000, 20MB or 1GiB; an empty text for none."""
    if not text:
        return ""
    found = _SIZE.fullmatch(text.strip())
    if not found or (found[3] and not found[2]):
        raise click.BadParameter(f"{text!r} is no size; write 500000, 20MB or 1GiB.")
    power = "kmgt".find(found[2].lower()) + 1 if found[2] else 0
    unit: int = (1024 if found[3] else 1000) ** power
    return int(found[1]) * unit


#: Option, its name among the settings, what it takes, help. An empty text takes a setting away.
_OPTIONS: tuple[tuple[str, str, Any, str], ...] = (
    ("--application", "application", str, "Of events that name none."),
    ("--environment", "environment", str, "Of events that name none."),
    ("--category", "category", str, "Of events that name none."),
    (
        "--minimum-severity",
        "minimum_severity",
        click.Choice([*LEVELS, ""], case_sensitive=False),
        "What is less severe is not kept.",
    ),
    ("--filter", "filter", str, "A search; what it would not find is not kept."),
    ("--rate", "events_per_second", _read_number, "Events a second, over time."),
    ("--burst", "burst_events", _read_number, "Events at once; as many as in a second unless set."),
    ("--daily-bytes", "daily_bytes", _read_size, "In a day of UTC: 500000, 20MB, 1GiB."),
)


_METAVARS: dict[Any, str] = {_read_number: "NUMBER", _read_size: "BYTES"}


def settings_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add an option for each setting."""
    several = (
        ("--origin", "origins", "Pages of this origin may send, others not; several are possible."),
        ("--property", "properties", "name=value, of events without it; several are possible."),
    )
    for option, name, told in several:
        function = click.option(option, name, multiple=True, help=told)(function)
    for option, name, kind, told in reversed(_OPTIONS):
        metavar = _METAVARS.get(kind)
        function = click.option(option, name, type=kind, metavar=metavar, help=told)(function)
    return function


def read_changes(options: dict[str, Any]) -> dict[str, Any]:
    """What was said; `--origin ""` and `--property ""` take all of them away."""
    changes = {name: value for name, value in options.items() if value is not None}
    origins, properties = changes.pop("origins"), changes.pop("properties")
    if origins:
        changes["origins"] = [origin for origin in origins if origin]
    if properties:
        changes["properties"] = dict(_read_property(text) for text in properties if text)
    if changes.get("burst_events"):
        changes["burst_events"] = int(changes["burst_events"])
    return changes


def _read_property(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not sign or not name:
        raise click.UsageError(f"--property takes name=value, not {text!r}.")
    return name, value


def list_settings(settings: KeySettings, used_bytes: int | None) -> list[list[str]]:
    """One row for each setting that is set."""
    rows = [
        [option.removeprefix("--"), str(value)]
        for option, name, _, _ in _OPTIONS
        if (value := getattr(settings, name)) is not None
    ]
    rows += [["origin", origin] for origin in settings.origins]
    rows += [["property", f"{name}={value}"] for name, value in settings.properties.items()]
    if used_bytes is not None:
        rows.append(["sent today (UTC)", f"{used_bytes:,} bytes"])
    return rows or [["none", ""]]
