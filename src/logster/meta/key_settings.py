"""What a key says about the events that come by it: what they get, which are kept, how many.

In: JSON, from people or from the table. Out: `KeySettings`, which people see, and `Rules`, the same
ready for use. Promise: what was set could be understood; a mistake in a filter has its place.
What cannot be read any more (a newer version wrote it) is told in the log, and the key takes
events without it: none is lost for it.

See docs/decisions/044-key-settings.md.
"""

from __future__ import annotations

import logging
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from logster.errors import QueryError
from logster.fields.severity import SEVERITY_NAMES
from logster.query.parse import parse_filter
from logster.query.tree import Field, Filter, fields_in

if TYPE_CHECKING:
    from collections.abc import Mapping

log = logging.getLogger(__name__)

MAX_TEXT_CHARACTERS = 200
#: It is looked at for each event, so it is shorter than a search may be.
MAX_FILTER_CHARACTERS = 2_000
MAX_PROPERTIES = 50
#: Of all names and values together: every event gets them.
MAX_PROPERTIES_BYTES = 8 * 1024
MAX_ORIGINS = 50
MAX_RATE = 1_000_000_000
MAX_BYTES = 2**60

#: What a filter may not look at: it is found out later.
_UNKNOWN_YET = Field("issue")
#: As browsers send it, or `https://*.example.com` for all that is below a name; `null` is what
#: files and sandboxed frames send.
_ORIGIN = re.compile(r"null|[a-z][a-z0-9+.-]*://(\*\.)?([a-z0-9._-]+|\[[0-9a-f:.]+\])(:\d{1,5})?")
_ANY_BELOW = "://*."

Level = Literal["trace", "debug", "info", "warn", "error", "fatal"]
LEVELS: tuple[Level, ...] = ("trace", "debug", "info", "warn", "error", "fatal")


class KeySettings(msgspec.Struct, frozen=True, kw_only=True):
    """What people set; None, or empty, is the same as nothing.

    `application`, `environment`, `category` and `properties` are what an event gets that does not
    say them itself. What is less severe than `minimum_severity`, or is not found by `filter`, is
    not kept. `events_per_second` is a rate over time, `burst_events` how many may come at once
    (as many as in a second unless given), `daily_bytes` what bodies may have in a day of UTC.
    With `origins`, pages of other sites may not send.
    """

    application: str | None = None
    environment: str | None = None
    category: str | None = None
    minimum_severity: Level | None = None
    filter: str | None = None
    properties: dict[str, str | int | float | bool] = {}
    events_per_second: float | None = None
    burst_events: int | None = None
    daily_bytes: int | None = None
    origins: tuple[str, ...] = ()


NOTHING = KeySettings()
_NAMES = ("application", "environment", "category")
#: None, or empty, becomes what says nothing.
_EMPTY: dict[str, Any] = msgspec.structs.asdict(NOTHING)


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """The settings of a key that has any, ready for use."""

    settings: KeySettings
    #: field -> what an event has there that says nothing itself
    defaults: tuple[tuple[str, str], ...]
    #: 0 keeps all
    minimum_severity: int
    filter: Filter | None

    @property
    def has_limits(self) -> bool:
        """Whether there may be too much."""
        settings = self.settings
        return settings.events_per_second is not None or settings.daily_bytes is not None

    def allows(self, origin: str) -> bool:
        """Whether a page of this origin may send."""
        origins = self.settings.origins
        return not origins or any(_fits(allowed, origin.lower()) for allowed in origins)


def change_settings(settings: KeySettings, changes: Mapping[str, Any]) -> KeySettings:
    """The settings with some of them changed; raises ValueError, or QueryError for the filter."""
    said = {name: _tidy(value) or _EMPTY[name] for name, value in changes.items()}
    try:
        changed = msgspec.convert(msgspec.structs.asdict(settings) | said, KeySettings)
    except msgspec.ValidationError as error:
        raise ValueError(f"These settings of a key cannot be: {error}.") from None
    _check(changed)
    return changed


def _tidy(value: Any) -> Any:
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, list | tuple):  # of origins, a browser writes both small
        return [each.strip().lower().removesuffix("/") for each in value if each.strip()]
    if isinstance(value, int | float) and not isinstance(value, bool) and not value:
        raise ValueError("A limit of 0 lets nothing in: revoke the key, or set none.")
    return value


def _check(settings: KeySettings) -> None:
    for name in _NAMES:
        _check_name(name, getattr(settings, name) or "")
    _check_filter(settings.filter or "")
    _check_properties(settings.properties)
    _check_limits(settings)
    _check_origins(settings.origins)


def _check_name(what: str, name: str) -> None:
    if len(name) > MAX_TEXT_CHARACTERS or not name.isprintable():
        raise ValueError(f"The {what} has at most {MAX_TEXT_CHARACTERS} printable characters.")


def _check_filter(text: str) -> None:
    if len(text) > MAX_FILTER_CHARACTERS:
        raise QueryError(
            f"The filter of a key has at most {MAX_FILTER_CHARACTERS} characters.",
            MAX_FILTER_CHARACTERS,
            len(text) - MAX_FILTER_CHARACTERS,
        )
    try:
        tree = parse_filter(text)
    except QueryError as error:
        raise QueryError(f"The filter: {error}.", error.position, error.length) from None
    if _UNKNOWN_YET in fields_in(tree):
        raise QueryError(
            "The filter: issue is not known yet when an event comes.", 0, max(len(text), 1)
        )


def _check_properties(properties: Mapping[str, Any]) -> None:
    if len(properties) > MAX_PROPERTIES:
        raise ValueError(f"A key has at most {MAX_PROPERTIES} properties.")
    for name in properties:
        if not name or len(name) > MAX_TEXT_CHARACTERS or not name.isprintable():
            raise ValueError(
                f"A property's name has 1 to {MAX_TEXT_CHARACTERS} printable characters."
            )
    try:
        size = len(msgspec.json.encode(properties))
    except UnicodeEncodeError:
        raise ValueError("A property holds half of a character.") from None
    if size > MAX_PROPERTIES_BYTES:
        raise ValueError(
            f"The properties of a key have {size} bytes; at most {MAX_PROPERTIES_BYTES} are "
            "possible, since every event gets them."
        )


def _check_limits(settings: KeySettings) -> None:
    rate, burst, size = settings.events_per_second, settings.burst_events, settings.daily_bytes
    if rate is not None and not 0 < rate <= MAX_RATE:
        raise ValueError(f"events_per_second is above 0 and at most {MAX_RATE}, not {rate:g}.")
    if burst is not None and rate is None:
        raise ValueError("burst_events goes with events_per_second: set both.")
    if burst is not None and not 1 <= burst <= MAX_RATE:
        raise ValueError(f"burst_events is 1 to {MAX_RATE}, not {burst}.")
    if size is not None and not 1 <= size <= MAX_BYTES:
        raise ValueError(f"daily_bytes is 1 to {MAX_BYTES}, not {size}.")


def _check_origins(origins: tuple[str, ...]) -> None:
    if len(origins) > MAX_ORIGINS:
        raise ValueError(f"A key has at most {MAX_ORIGINS} origins.")
    for origin in origins:
        if len(origin) > MAX_TEXT_CHARACTERS or not _ORIGIN.fullmatch(origin):
            raise ValueError(
                f"{origin[:MAX_TEXT_CHARACTERS]!r} is no origin: it is a scheme and a host, as "
                "https://shop.example or http://localhost:3000, or https://*.shop.example for all "
                "that is below."
            )


def _fits(allowed: str, origin: str) -> bool:
    scheme, is_any_below, host = allowed.partition(_ANY_BELOW)
    if not is_any_below:
        return origin == allowed
    return origin.startswith(f"{scheme}://") and origin.endswith(f".{host}")


def render_settings(settings: KeySettings) -> str | None:
    """As the table keeps them; None for nothing."""
    return None if settings == NOTHING else msgspec.json.encode(settings).decode()


def read_settings(text: str | None) -> KeySettings:
    """What the table keeps; what this version does not know is left out."""
    if text is None:
        return NOTHING
    try:
        return msgspec.json.decode(text, type=KeySettings)
    except msgspec.DecodeError as error:
        log.error("The settings of a key cannot be read: %s", error)  # noqa: TRY400 - it says all
        return NOTHING


@lru_cache(maxsize=10_000)
def read_rules(text: str | None) -> Rules | None:
    """The same, ready for use; None for nothing. What has not changed is not understood anew."""
    settings = read_settings(text)
    if settings == NOTHING:
        return None
    tree = None
    try:
        tree = parse_filter(settings.filter) if settings.filter else None
    except QueryError as error:
        log.error("A key's filter %r cannot be read: %s", settings.filter, error)  # noqa: TRY400
    return Rules(
        settings=settings,
        defaults=tuple((name, value) for name in _NAMES if (value := getattr(settings, name))),
        minimum_severity=SEVERITY_NAMES[settings.minimum_severity or "trace"],
        filter=tree,
    )
