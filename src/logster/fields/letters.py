"""The letters of a text whose charset nobody has told: UTF-8, else those of Windows.

In: bytes. Out: text. Promise: pure; every byte is kept: in Windows-1252 each stands for one letter.
"""

from __future__ import annotations

#: Bytes that Windows leaves open are control characters elsewhere; the web reads them so.
_UNDEFINED = {0xDC00 + byte: byte for byte in range(0x80, 0x100)}


def read_letters(text: bytes) -> str:
    """The text of a sender that has said nothing about it."""
    try:
        return text.decode()
    except UnicodeDecodeError:
        return text.decode("cp1252", "surrogateescape").translate(_UNDEFINED)
