"""A body as a person can look at it: unpacked, its beginning, without its secrets.

In: bytes as they were sent, perhaps only their beginning. Out: text.
Promise: memory and time are bounded; what cannot be unpacked is shown as it is.
"""

import zlib

import msgspec

from logster import zstd
from logster.web.masking import mask

#: What is shown of a body.
MAX_SHOWN_BYTES = 32 * 1024
#: A body with more of these among its first bytes is no text.
_MAX_STRANGE_PART = 0.1
_AUTO_WBITS = 32 + zlib.MAX_WBITS


class Shown(msgspec.Struct, frozen=True):
    """The beginning of a body; of a binary one what can be read."""

    text: str
    is_cut: bool
    is_binary: bool


def render_body(body: bytes, encoding: str) -> Shown:
    """The beginning of a body, without its secrets."""
    plain = _open(body, encoding.strip().lower())
    is_cut = len(plain) > MAX_SHOWN_BYTES
    text = plain[:MAX_SHOWN_BYTES].decode("utf-8", "replace")
    strange = sum(char == "�" or (char < " " and char not in "\t\r\n") for char in text)
    is_binary = strange > len(text) * _MAX_STRANGE_PART
    if is_binary or strange:
        text = "".join(char if char >= " " or char in "\t\r\n" else "·" for char in text)
    return Shown(mask(text), is_cut, is_binary)


def _open(body: bytes, encoding: str) -> bytes:
    """What can be unpacked of it, up to what is shown and a byte."""
    most = MAX_SHOWN_BYTES + 1
    try:
        if encoding in ("gzip", "x-gzip", "deflate"):
            return zlib.decompressobj(_AUTO_WBITS).decompress(body, most)
        if encoding == "zstd":
            return zstd.ZstdDecompressor().decompress(body, most)
    except (zlib.error, zstd.ZstdError):
        pass
    return body
