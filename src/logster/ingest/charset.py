"""The letters of a form or of XML, in the charset that its sender names.

In: bytes and the name of a charset. Out: text. Promise: what is no text in that charset is refused
with advice, never replaced; a name that nobody knows is told. (JSON is UTF-8, or UTF-16 where it
says so: what else it names was never looked at, and is not now.)
"""

from __future__ import annotations

import functools
import re
from encodings.aliases import aliases

UTF_8 = "utf_8"

#: Python's names. Only charsets of text: Python's registry also has compressions and escapes, and
#: keeps every unknown name that it was ever asked for.
_CODECS = frozenset(
    """
    ascii utf_8 utf_16 utf_16_le utf_16_be utf_32 utf_32_le utf_32_be latin_1
    iso8859_1 iso8859_2 iso8859_3 iso8859_4 iso8859_5 iso8859_6 iso8859_7 iso8859_8 iso8859_9
    iso8859_10 iso8859_11 iso8859_13 iso8859_14 iso8859_15 iso8859_16
    cp1250 cp1251 cp1252 cp1253 cp1254 cp1255 cp1256 cp1257 cp1258
    cp437 cp737 cp775 cp850 cp852 cp855 cp857 cp858 cp860 cp861 cp862 cp863 cp865 cp866 cp869 cp874
    koi8_r koi8_u kz1048 ptcp154 mac_roman mac_cyrillic tis_620
    shift_jis cp932 euc_jp gb2312 gbk gb18030 big5 big5hkscs cp950 euc_kr cp949 johab
    iso2022_jp iso2022_jp_1 iso2022_jp_2 iso2022_jp_2004 iso2022_jp_3 iso2022_jp_ext iso2022_kr hz
    """.split()  # noqa: SIM905 - a list of words is read more easily
)
#: Names that browsers and mail know, and Python does not.
_MORE_NAMES = {
    "unicode_1_1_utf_8": UTF_8,
    "x_sjis": "shift_jis",
    "x_gbk": "gbk",
    "x_euc_jp": "euc_jp",
    "x_mac_roman": "mac_roman",
    "x_cp1252": "cp1252",
    "iso_8859_8_i": "iso8859_8",
    "windows_874": "cp874",
    "windows_949": "cp949",
}
_NAMES = {
    **{name: name for name in _CODECS},
    **{name: codec for name, codec in aliases.items() if codec in _CODECS},
    **_MORE_NAMES,
}
#: Charsets that write all letters in ASCII: UTF-7, which is not read, ISO-2022-CN, their kin.
_SEVEN_BITS = re.compile(r"utf_?7|iso_?2022|hz")
_NOT_PLAIN = re.compile(r"[^a-z0-9]+")
#: One charset, whatever the order of its bytes.
_FAMILIES = {
    "utf_16_le": "utf_16",
    "utf_16_be": "utf_16",
    "utf_32_le": "utf_32",
    "utf_32_be": "utf_32",
    "iso8859_1": "latin_1",
}
_WIDE = frozenset({"utf_16", "utf_32"})

#: The longer ones first: the mark of UTF-32 begins like that of UTF-16.
_MARKS = (
    (b"\xef\xbb\xbf", UTF_8),
    (b"\xff\xfe\0\0", "utf_32_le"),
    (b"\0\0\xfe\xff", "utf_32_be"),
    (b"\xff\xfe", "utf_16_le"),
    (b"\xfe\xff", "utf_16_be"),
)


_MARK_BYTES = tuple(mark for mark, _ in _MARKS)


class CharsetError(ValueError):
    """Bytes that are no text in their charset."""


# Clients name the same few for ever.
@functools.lru_cache(maxsize=256)
def find_codec(name: str) -> str | None:
    """Python's name of a charset; None when it is not one of text that is known."""
    return _NAMES.get(_plain(name))


def hides_letters(name: str) -> bool:
    """Whether what looks like ASCII may be other letters in a charset of this name."""
    return bool(_SEVEN_BITS.search(_plain(name)))


def take_mark(body: bytes) -> tuple[str | None, bytes]:
    """The codec of a byte order mark, if there is one, and the bytes behind it."""
    if not body.startswith(_MARK_BYTES):
        return None, body
    mark, codec = next(known for known in _MARKS if body.startswith(known[0]))
    return codec, body[len(mark) :]


def family_of(codec: str) -> str:
    """What two names of the same charset have in common."""
    return _FAMILIES.get(codec, codec)


def is_wide(codec: str) -> bool:
    """Whether ASCII is not one byte a letter in it."""
    return family_of(codec) in _WIDE


def _plain(name: str) -> str:
    return _NOT_PLAIN.sub("_", name.lower()).strip("_")


def decode(text: bytes, codec: str, named: str) -> str:
    """Text, exactly; `named` is how its sender called the charset, empty when not at all.

    Raises CharsetError. UTF-16 and UTF-32 without order are little endian, as .NET has them.
    """
    codec = f"{codec}_le" if codec in _WIDE else codec
    try:
        return text.decode(codec)
    except UnicodeDecodeError as error:
        at = f"{error.reason} at byte {error.start + 1}"
    if named:
        raise CharsetError(
            f"is not {named[:40]}, as its charset says: {at}; name the charset it is in"
        )
    raise CharsetError(
        f"is not valid UTF-8: {at}; send UTF-8, or name its charset in the Content-Type, "
        "as in charset=iso-8859-1"
    )
