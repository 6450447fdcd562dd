"""The words of .NET's frames in the languages of its packs.

In: parts of a line. Out: where a frame begins, a file and a line, whether an inner exception ends.
Promise: pure, linear; a language that is not listed is read where three blanks and a word stand
before a name with dots.
"""

from __future__ import annotations

import re

#: "at" in every language that .NET Framework speaks.
_WORDS = (
    "at bei à en in em w в v ve vid bij ved kohteessa konum: σε a(z) 場所 在 於 위치: ב- في "
    "na na: kell: hely: i"
)
_AT_WORDS = "|".join(re.escape(word) for word in sorted(_WORDS.split(), key=len, reverse=True))
AT = (
    rf"(?:(?:{_AT_WORDS}|a következő helyen:) |"
    r"(?<=^   )[^\W\d_]{1,12}:? (?=[\w<>`]{1,200}\.[\w<>.`+]{1,500} ?\())"
)

#: What only the line says that closes the frames of an inner exception; the other one says that
#: the frames go on where the exception was thrown before.
INNER_END = re.compile(
    r"inner|intern|wewnętrz|внутренн|内部|內部|내부|vnitřn|belső|indre|sisä|εσωτερικ|\biç|פנימי|داخلي",
    re.IGNORECASE,
)

#: ` in C:\\Shop\\Pay.cs:line 9`, ` dans …:ligne 9`, `:строка 9`, ` hely: …, sor: 9`, ` in <1f>:0`.
_PLACE = re.compile(
    r"""\s*(?:[^\W\d]{1,12}:?\s)?
    (<[^>]*>|(?:[A-Za-z]:[\\/])?[^:]+)
    :[^\d\\/:]{0,30}(\d{1,9})\s?\.?\s*$""",
    re.VERBOSE,
)
_MAX_DIGITS = 10
#: Languages that say "line" before the colon, or what a file is behind it.
_BEHIND_FILE = re.compile(r"(?:, [^\W\d]{1,12}|\siçinde)$")


def parse_place(text: str) -> tuple[str | None, int | None]:
    """The file and the line; None for what a text does not say."""
    file, _, number = text.rpartition(":line ")
    if number.isdecimal() and number.isascii() and len(number) < _MAX_DIGITS and file[:4] == " in ":
        return file[4:], int(number)
    found = _PLACE.match(text)
    if found is None or found[1].startswith("<"):  # the id of a module without symbols
        return None, None
    return _BEHIND_FILE.sub("", found[1]), int(found[2])
