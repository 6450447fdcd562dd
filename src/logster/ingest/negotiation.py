"""What a client sends and what it wants back, from its headers.

In: Content-Type, Accept, Accept-Charset and X-Requested-With as they came.
Out: `MediaType` (of the body) and `Format` (of the answer).
Promise: the choices are those of ASP.NET Web API 5.2, case by case; a header that
it could not parse counts as absent; nothing here ever fails.
"""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]++")
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*+"', re.DOTALL)
_QUALITY = re.compile(r"[0-9]*+\.?[0-9]*+")

#: The families an answer can be in, in the order of preference, with their media types.
_ANSWERS = (
    ("json", ("application/json", "text/json")),
    ("xml", ("application/xml", "text/xml")),
)
_CHARSETS = ("utf-8", "utf-16")

_FAMILIES = {
    **{media: family for family, types in _ANSWERS for media in types},
    "application/x-www-form-urlencoded": "form",
    "application/x-ndjson": "lines",
    "application/ndjson": "lines",
    "application/jsonl": "lines",
    "text/x-ndjson": "lines",
    # A quirk of the original, which matched types as ranges here, too.
    "*/*": "json",
    "application/*": "json",
    "text/*": "json",
}


class MediaType(msgspec.Struct, frozen=True):
    """A Content-Type: `family` is json, xml, form, lines, or "" for any other.

    `charset` is one that JSON is read and answers are written in; `declared` is what was said.
    """

    name: str
    family: str
    charset: str
    declared: str = ""


class Format(msgspec.Struct, frozen=True):
    """The form of an answer; `family` is json or xml."""

    family: str
    media_type: str
    charset: str

    def encode(self, text: str) -> bytes:
        """Text as the client wants it; UTF-16 begins with its mark, as the original's did."""
        if self.charset == "utf-16":
            return b"\xff\xfe" + text.encode("utf-16-le")
        return text.encode()


# Clients send the same few headers for ever; a stranger's inventions fall out again.
@functools.lru_cache(maxsize=512)
def read_media_type(header: str) -> MediaType | None:
    """A Content-Type header; None when it is absent or cannot be parsed."""
    parsed = _parse_media(header)
    if parsed is None:
        return None
    name, parameters = parsed
    said = parameters.get("charset", "")
    charset = said.lower() if said.lower() in _CHARSETS else _CHARSETS[0]
    return MediaType(name, _FAMILIES.get(name, ""), charset, said.strip('"'))


def choose_format(headers: Mapping[str, str]) -> Format:
    """How to answer a request with these headers."""
    return _choose_format(
        headers.get("accept", ""),
        headers.get("accept-charset", ""),
        headers.get("content-type", ""),
        headers.get("x-requested-with", ""),
    )


@functools.lru_cache(maxsize=1024)
def _choose_format(
    accept: str, accept_charset: str, content_type: str, requested_with: str
) -> Format:
    wanted = _parse_accept(accept)
    body = read_media_type(content_type)
    family, media_type = _ANSWERS[0][0], _ANSWERS[0][1][0]
    is_script = "xmlhttprequest" in requested_with.lower()
    if not (is_script and [name for name, _ in wanted] in ([], ["*/*"])):
        family, media_type = _match_accept(wanted) or _match_body(body) or (family, media_type)
    charset = _match_charset(accept_charset) or (body.charset if body else _CHARSETS[0])
    return Format(family, media_type, charset)


def _match_accept(wanted: list[tuple[str, float]]) -> tuple[str, str] | None:
    """The best family: quality first, then exact type over type/* over */*, then JSON over XML."""
    best: tuple[float, int] | None = None
    chosen: tuple[str, str] | None = None
    for family, media_types in _ANSWERS:
        found = _best_of_family(wanted, media_types)
        if found and (best is None or found[0] > best):
            best, chosen = found[0], (family, found[1])
    return chosen


def _best_of_family(
    wanted: list[tuple[str, float]], media_types: tuple[str, ...]
) -> tuple[tuple[float, int], str] | None:
    ranked = [(quality, _precision(name), name) for name, quality in wanted if quality > 0]
    ranked.sort(key=lambda entry: entry[:2], reverse=True)
    for quality, precision, name in ranked:
        for media_type in media_types:
            if _covers(name, media_type):
                return (quality, precision), media_type
    return None


def _precision(name: str) -> int:
    return 0 if name == "*/*" else 1 if name.endswith("/*") else 2


def _covers(name: str, media_type: str) -> bool:
    return name in ("*/*", media_type) or (name.endswith("/*") and media_type.startswith(name[:-1]))


def _match_body(body: MediaType | None) -> tuple[str, str] | None:
    if body is None:
        return None
    for family, media_types in _ANSWERS:
        for media_type in media_types:
            if _covers(body.name, media_type):
                return family, media_type
    return None


def _match_charset(header: str) -> str | None:
    wanted = _parse_qualities(header)
    # The sort is stable: of equals the first listed wins, but * comes last.
    wanted.sort(key=lambda entry: (-entry[1], entry[0] == "*"))
    for name, quality in wanted:
        if quality > 0 and name in (*_CHARSETS, "*"):
            return _CHARSETS[0] if name == "*" else name
    return None


def _parse_accept(header: str) -> list[tuple[str, float]]:
    entries = []
    for part in _split(header, ","):
        if not part.strip():
            continue
        parsed = _parse_media(part)
        if parsed is None:
            return []
        entries.append((parsed[0], _quality(parsed[1].get("q", ""))))
    return entries


def _parse_qualities(header: str) -> list[tuple[str, float]]:
    entries = []
    for part in header.split(","):
        name, _, rest = part.partition(";")
        name = name.strip().lower()
        if not part.strip():
            continue
        label, _, value = rest.partition("=")
        if not _TOKEN.fullmatch(name) or (rest.strip() and label.strip().lower() != "q"):
            return []
        entries.append((name, _quality(value.strip())))
    return entries


def _quality(text: str) -> float:
    if text in ("", ".") or not _QUALITY.fullmatch(text):
        return 1.0
    return float(text)


def _parse_media(text: str) -> tuple[str, dict[str, str]] | None:
    """`type/subtype` in lower case and its parameters; None when it is malformed."""
    essence, *rest = _split(text, ";")
    main, slash, sub = (part.strip() for part in essence.partition("/"))
    if not (slash and _TOKEN.fullmatch(main) and _TOKEN.fullmatch(sub)):
        return None
    parameters: dict[str, str] = {}
    for part in rest:
        name, _, value = (piece.strip() for piece in part.partition("="))
        if not name and not value:
            continue
        if not _TOKEN.fullmatch(name):
            return None
        if value and not (_TOKEN.fullmatch(value) or _QUOTED.fullmatch(value)):
            return None
        parameters.setdefault(name.lower(), value)
    return f"{main}/{sub}".lower(), parameters


def _split(text: str, separator: str) -> list[str]:
    """Split outside quotes."""
    if '"' not in text:
        return text.split(separator)
    parts, start, position = [], 0, 0
    while position < len(text):
        quoted = _QUOTED.match(text, position) if text[position] == '"' else None
        if quoted:
            position = quoted.end()
            continue
        if text[position] == separator:
            parts.append(text[start:position])
            start = position + 1
        position += 1
    return [*parts, text[start:]]
