"""What a client has said itself about which errors belong together.

In: the details and the properties of an event, as JSON text. Out: its fingerprint, a list of texts;
none where it has said nothing. Promise: pure; what is of another form says nothing.

The native API and Sentry's SDKs have `fingerprint`, which is kept among the details; in any other
dialect the property `error.fingerprint` is meant, which Datadog's clients send as well.
"""

from __future__ import annotations

from typing import Any

import msgspec

#: More texts are not looked at: nobody needs them, and anybody may send them.
MAX_FINGERPRINT = 32


class _Details(msgspec.Struct):
    fingerprint: list[str] | str | None = None


class _Properties(msgspec.Struct, rename={"dotted": "error.fingerprint"}):
    dotted: msgspec.Raw = msgspec.Raw()
    error: msgspec.Raw = msgspec.Raw()


_details_decoder = msgspec.json.Decoder(_Details)
_properties_decoder = msgspec.json.Decoder(_Properties)
_text_decoder = msgspec.json.Decoder(list[str] | str | None)


def read_fingerprint(details: bytes | None, properties: bytes | None) -> tuple[str, ...]:
    """The texts of a fingerprint."""
    found: list[str] | str | None = None
    try:
        if details is not None and b'"fingerprint"' in details:
            found = _details_decoder.decode(details).fingerprint
        if not found and properties is not None and b'fingerprint"' in properties:
            named = _properties_decoder.decode(properties)
            if named.dotted:
                found = _text_decoder.decode(named.dotted)
            elif named.error:
                found = _details_decoder.decode(named.error).fingerprint
    except (ValueError, RecursionError):
        return ()
    return (found,) if isinstance(found, str) else tuple((found or ())[:MAX_FINGERPRINT])


def may_tell(properties: bytes) -> bool:
    """Whether properties may have any of it: nearly always they have not."""
    return b'fingerprint"' in properties or b'"platform"' in properties or _LANGUAGE in properties


class _Platform(msgspec.Struct, rename={"language": "telemetry.sdk.language"}):
    platform: Any = None
    language: Any = None


_platform_decoder = msgspec.json.Decoder(_Platform)


def read_platform(properties: bytes | None) -> str | None:
    """Sentry's `platform`, or `telemetry.sdk.language` of OpenTelemetry."""
    if properties is None or (b'"platform"' not in properties and _LANGUAGE not in properties):
        return None
    try:
        found = _platform_decoder.decode(properties)
    except (ValueError, RecursionError):
        return None
    said = found.platform or found.language
    return said if isinstance(said, str) else None


_LANGUAGE = b'"telemetry.sdk.language"'
