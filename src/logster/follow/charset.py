"""Which encoding a file of lines is in, and whether it is text at all.

In: the first bytes of a file. Out: the name of an encoding, or None for what is no text.
Promise: pure; a byte order mark is believed, UTF-16 and UTF-32 without one are known by
where their NULs stand; everything else without a NUL is UTF-8 until somebody says otherwise.
"""

from __future__ import annotations

import codecs
import re

from logster.errors import LogsterError

#: Enough of a file to know what it is.
SNIFF_BYTES = 8192
#: The longest byte order mark, and one character of the widest encoding.
MIN_SNIFF_BYTES = 4

UTF_8 = "utf-8"

#: The marks, longer ones first: UTF-32's begins with UTF-16's.
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, UTF_8),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
#: A file of nothing else has no line.
MARKS = {mark for mark, _ in _MARKS}
_MARK_BEGINS = {mark[0] for mark, _ in _MARKS}
_WIDE = ("utf-32-le", "utf-32-be", "utf-16-le", "utf-16-be")

#: gzip, zstd, bzip2, xz, zip, lz4, PDF: short ones have no NUL that would tell.
_MAGIC = (
    *(b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"BZh", b"\xfd7zXZ", b"PK\x03\x04", b"\x04\x22\x4d\x18"),
    b"%PDF-",
)
#: What no log writes: the other control characters, and what is no character.
_NO_TEXT = re.compile("[\x00-\x06\x0e-\x1a\x1c-\x1f\x7f\ufffe\uffff]")
#: Of a text of letters, digits and blanks in UTF-16, this share is ASCII at least.
_MIN_PLAIN_SHARE = 0.3

#: Names that say two things: the mark decides, else the usual order of the bytes.
_NARROWED = {"utf-16": "utf-16-le", "utf-32": "utf-32-le", "utf-8-sig": UTF_8}
#: What a line's end is in an encoding that can be read line by line; % is EBCDIC's.
_LINE_ENDS = {b"\n", b"%"}


class EncodingError(LogsterError):
    """There is no such encoding, or lines cannot be found in it."""


def check_encoding(name: str) -> str:
    """Give the name Python has for an encoding whose lines can be found."""
    try:
        known = codecs.lookup(name).name
        known = _NARROWED.get(known, known)
        end = line_end_of(known)
    except (LookupError, ValueError, TypeError):
        raise EncodingError(
            f"There is no encoding {name!r}. Examples: latin-1, cp1252, utf-16, shift_jis, gb18030."
        ) from None
    if known not in _WIDE and end not in _LINE_ENDS:
        raise EncodingError(f"Lines cannot be found in {name!r}.")
    return known


def line_end_of(encoding: str) -> bytes:
    """The bytes of a line feed."""
    return "\n".encode(encoding)


def encoding_of(head: bytes, default: str = UTF_8) -> str | None:
    """Tell the encoding of a file by its first bytes; None when it is no text.

    `default` is for what neither has a mark nor is plainly UTF-16 or UTF-32.
    """
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            return encoding
    if default in _WIDE:
        return default
    if head.startswith(_MAGIC):
        return None
    if b"\0" not in head.lstrip(b"\0"):
        return default
    return next((encoding for encoding in _WIDE if _is_plainly(head, encoding)), None)


def _is_plainly(head: bytes, encoding: str) -> bool:
    """Tell whether bytes without a mark are text of a wide encoding, and can be nothing else."""
    unit = len(line_end_of(encoding))
    whole = head[: len(head) - len(head) % unit]
    if encoding.startswith("utf-16") and _is_cut_pair(whole, encoding):
        whole = whole[:-2]
    try:
        text = whole.decode(encoding).lstrip("\0")
    except UnicodeDecodeError:
        return False
    plain = sum(character.isascii() for character in text)
    is_plain = bool(text) and plain >= len(text) * _MIN_PLAIN_SHARE
    return is_plain and not _NO_TEXT.search(text) and _are_nuls_high(whole, encoding)


def _are_nuls_high(whole: bytes, encoding: str) -> bool:
    """Tell whether nearly all NULs are the upper halves of plain characters.

    A lower half is one in U+0100, U+0200 and so on, of which logs are not made.
    """
    if not encoding.startswith("utf-16"):
        return True
    first, second = whole[::2].count(0), whole[1::2].count(0)
    low, high = (first, second) if encoding.endswith("le") else (second, first)
    return low * 8 <= high


def _is_cut_pair(whole: bytes, encoding: str) -> bool:
    """Tell whether the last of these is the first half of a character."""
    high = whole[-1:] if encoding.endswith("le") else whole[-2:-1]
    return bool(high) and 0xD8 <= high[0] <= 0xDB  # noqa: PLR2004  the high surrogates


def is_known(head: bytes) -> bool:
    """Tell whether these first bytes are enough to know the encoding by."""
    if len(head) < MIN_SNIFF_BYTES:
        return b"\n" in head and head[0] not in _MARK_BEGINS and b"\0" not in head
    return b"\n" in head or len(head) >= SNIFF_BYTES


def skip_hole(head: bytes) -> bytes:
    """Leave out the NULs of a hole, as a program leaves that writes on where it was in a file
    that was emptied; four at a time, so that wide characters stay whole.
    """  # noqa: D205  one sentence
    if not head.startswith(b"\0" * MIN_SNIFF_BYTES):
        return head
    zeros = len(head) - len(head.lstrip(b"\0"))
    return head[zeros - zeros % MIN_SNIFF_BYTES :]
