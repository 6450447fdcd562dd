"""What varies in a message: the patterns, and in which order they are looked for.

In: nothing. Out: one regular expression whose groups have the names of the masks.
Promise: every repeat is bounded, possessive, or over characters that what follows it cannot begin
with: so no text takes more than linear time.
"""

from __future__ import annotations

import re

_MONTH = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]{0,6}"
_DAY = r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]{0,6}"
_CLOCK = r"\d{1,2}:\d\d(?::\d\d(?:[.,]\d{1,9})?)?(?:\s?[AaPp][Mm]\b)?"
_ZONE = r"(?:\s?(?:Z\b|UTC|GMT|[A-Z]{3,4}\b|[+-]\d\d:?\d\d\b))?"
_BYTES = r"(?:[KMGTPkmgtp]i?)?[Bb](?:ytes?)?|(?i:bytes?)"
_TIME = (
    r"(?:ns|us|µs|μs|ms|msecs?|milliseconds?|microseconds?|nanoseconds?|s|secs?|seconds?|mins?"
    r"|minutes?|hrs?|hours?|days?|weeks?)\b|[mhd]\b"
)
#: Name -> what it looks like; the first that fits counts.
PATTERNS = {
    "date": rf"""
        \d{{4}}-\d\d-\d\d(?:[T\ _]{_CLOCK}{_ZONE})?
        |\d{{8}}T\d{{4,6}}Z?\b
        |\d{{4}}/\d\d/\d\d(?:[\ T]{_CLOCK}{_ZONE})?
        |\d{{1,2}}/{_MONTH}/\d{{4}}(?::{_CLOCK}{_ZONE})?
        |\d{{1,2}}(?P<dot>[./])\d{{1,2}}(?P=dot)\d{{2,4}}\b(?:,?\ {_CLOCK}{_ZONE})?
        |(?:{_DAY},?\ )?\d{{1,2}}[\ -]{_MONTH}[\ -]\d{{2,4}}\b(?:\ {_CLOCK}{_ZONE})?
        |(?:{_DAY},?\ )?{_MONTH}\ {{1,2}}\d{{1,2}}\b(?:,?\ \d{{4}}\b)?
            (?:,?\ {_CLOCK}{_ZONE})?(?:\ \d{{4}}\b)?
        |\d{{1,2}}:\d\d:\d\d(?:[.,]\d{{1,9}})?(?:\s?[AaPp][Mm]\b)?{_ZONE}
    """,
    "value": r"""
        (?:(?<==)|(?<=contains\ )|(?<=value\ is\ ))\([^()\n]{0,300}\)
        |(?:(?<==)|(?<=\":)|(?<=\":\ ))(?:[Tt]rue|[Ff]alse|None|null|nil)\b
    """,
    # Words of letters alone are passed quickly: there is nothing in them.
    "plain": rf"(?:(?!{_MONTH}\ |{_DAY},?\ )[^\W\d_]{{1,60}}+[ ,]{{1,3}}+)++",
    "url": r"[A-Za-z][A-Za-z0-9+.-]{1,30}://[^\s\"'<>)\]}]{1,1000}",
    "email": r"[\w.+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,8}",
    "uuid": r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}(?![0-9a-fA-F])",
    "mac": r"(?:[0-9A-Fa-f]{2}[:-]){5}[0-9A-Fa-f]{2}\b",
    "ip": r"""
        \d{1,3}(?:\.\d{1,3}){3}(?!\.?\d)(?:/\d{1,2})?(?::\d{1,5}\b)?
        |(?<![\w:])\[?(?=[0-9A-Fa-f:]{0,40}\d)(?=[0-9A-Fa-f:]{0,40}::|(?:[0-9A-Fa-f]{1,4}:){7})
            (?:[0-9A-Fa-f]{0,4}:){2,7}[0-9A-Fa-f]{0,4}(?:\.\d{1,3}){0,3}(?:%\w{1,16})?
            (?:\](?::\d{1,5})?)?(?![\w:])
    """,
    "host": r"""
        (?<![\w.-])(?:[A-Za-z0-9_][A-Za-z0-9_-]{0,62}\.){1,8}(?P<top>[A-Za-z]{2,11})
        (?P<port>:\d{1,5})?(?![\w-]|\.\w)
    """,
    "path": r"""
        (?:/private)?/(?:tmp|var/tmp|var/folders|proc)/[^\s\"'<>|:,;)]{1,300}
        |[A-Za-z]:\\[^\s\"'<>|]{0,200}\\[Tt](?:e?mp|EMP)\\[^\s\"'<>|:,;)]{1,300}
    """,
    "name": r"(?<=/home/)[^/\s]{1,60}|(?<=/Users/)[^/\s]{1,60}|(?<=\\Users\\)[^\\\s]{1,60}",
    "id": r"""
        eyJ[\w-]{10,1000}(?:\.[\w-]{1,1000}){1,2}
        |[A-Za-z0-9+/]{20,1000}={1,2}(?!\w)
        |(?<=@)[0-9a-f]{4,8}\b(?![.@])
    """,
    "code": r"0[xX][0-9A-Fa-f]{1,64}\b",
    "duration": rf"""
        (?:\d{{1,20}}(?:[.,]\d{{1,20}})?(?:{_TIME}|[mhd](?=\d))){{1,4}}(?!\w)
        |\d{{1,20}}(?:[.,]\d{{1,20}})?\ (?:{_TIME})(?<!\ [mhd])
    """,
    "size": rf"\d{{1,20}}(?:[.,]\d{{1,20}})*\s?(?:{_BYTES})\b",
    "number": r"""
        (?:(?<![\w)\]])[-+])?(?<!\w)\d++(?:[.,'\u00a0\u202f]\d++)*+(?:[eE][-+]?\d++)?+(?!\w)
        |[vV]\d++(?:\.\d++)++
    """,
    "quoted": r"\"[^\"\n]{0,300}\"|(?<!\w)'[^'\n]{0,300}'(?!\w)",
    "word": r"\w++(?:-\w++)*+",
}
MASKED = re.compile(
    "|".join(f"(?P<{name}>{pattern})" for name, pattern in PATTERNS.items()), re.VERBOSE
)
