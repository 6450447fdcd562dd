"""A body as it arrives, and plain bytes within the cap, whatever the encoding claimed.

In: the pieces of a body, and its Content-Encoding. Out: plain bytes.
Promise: inflating stops at the cap, so a bomb costs no more memory than an honest body.

Clients lie about encodings: some send `gzip,deflate` over a single zlib body. So the first
bytes decide between the formats that can be told apart, and the header only for the others.

zlib-ng is zlib in half the time, with the same interface: gzip is what most agents send.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import brotli
from cramjam import DecompressionError, snappy
from zlib_ng import zlib_ng

from logster import zstd
from logster.errors import BodyTooLargeError, BodyUnreadableError, EncodingUnknownError

if TYPE_CHECKING:
    from collections.abc import Callable

_GZIP_MAGIC = b"\x1f\x8b"
_ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
#: What a body begins with that is packed by itself, whatever no header says: gzip, zlib, zstd.
PACKED = (_GZIP_MAGIC, b"\x78", _ZSTD_MAGIC)
_SNAPPY_STREAM = b"\xff\x06\x00\x00sNaPpY"
#: Second byte of a zlib header is a check on the first; the first is 0x78 in practice.
_ZLIB_FIRST = 0x78
_ZLIB_CHECK = 31

_AUTO_WBITS = 32 + zlib_ng.MAX_WBITS  # gzip or zlib, by the header
_RAW_WBITS = -zlib_ng.MAX_WBITS
_CHUNK_BYTES = 1 << 20

#: Each joined member costs a copy of the rest: a body of nothing but members is a bomb in time.
_MAX_MEMBERS = 256
_TOO_MANY_MEMBERS = f"it joins more than {_MAX_MEMBERS} compressed members"


class Body:
    """What has arrived of a body, and how much may."""

    __slots__ = ("_chunks", "is_whole", "max_bytes", "setting", "size")

    def __init__(self, max_bytes: int, setting: str) -> None:
        """`setting` is named when the body is over `max_bytes`."""
        self.max_bytes = max_bytes
        self.setting = setting
        self.size = 0
        #: Whether nothing more is to come.
        self.is_whole = True
        self._chunks: list[bytes] = []

    def add(self, chunk: bytes) -> None:
        """Append a piece; raises BodyTooLargeError over the cap."""
        self.check_size(self.size + len(chunk))
        self.size += len(chunk)
        self._chunks.append(chunk)

    def of(self, part: bytes) -> Body:
        """Another one with the same limit, which has this."""
        body = Body(self.max_bytes, self.setting)
        body.add(part)
        return body

    def forget(self) -> None:
        """Let go of the pieces."""
        self._chunks.clear()

    def check_size(self, size: int) -> None:
        """Refuse a body over the cap, arrived or announced."""
        if size > self.max_bytes:
            raise too_large(self.max_bytes, self.setting)

    @property
    def packed(self) -> bytes:
        """All of it, as it was sent."""
        return self._chunks[0] if len(self._chunks) == 1 else b"".join(self._chunks)

    def beginning(self, most: int) -> bytes:
        """What has arrived of it, as it was sent, up to so many bytes."""
        if self.size <= most:
            return self.packed
        found = bytearray()
        for chunk in self._chunks:
            if len(found) >= most:
                break
            found += chunk[: most - len(found)]
        return bytes(found)

    def open(self, encoding: str) -> bytes:
        """All of it without its Content-Encoding; raises as `open_body` does."""
        return open_body(self.packed, encoding, self.max_bytes, self.setting)


def open_body(body: bytes, encoding: str, max_bytes: int, setting: str) -> bytes:
    """Undo the Content-Encoding; `setting` is named when the result is over `max_bytes`.

    Raises BodyTooLargeError, BodyUnreadableError or EncodingUnknownError.
    """
    if len(body) > max_bytes:
        raise too_large(max_bytes, setting)
    for name in reversed(_encodings(encoding)):
        body = _undo(name, body, max_bytes, setting)
    return body


def open_start(packed: bytes, encoding: str, max_bytes: int) -> bytes:
    """The first bytes of what `packed` begins; empty when they cannot be opened."""
    names = _encodings(encoding)
    if not names:
        return packed[:max_bytes]
    if packed.startswith(_ZSTD_MAGIC):
        names = ["zstd"]
    try:
        if names == ["zstd"]:
            return zstd.ZstdDecompressor().decompress(packed, max_bytes)
        if names == ["br"]:
            opened = brotli.Decompressor().process(packed, output_buffer_limit=_CHUNK_BYTES)
            return bytes(opened[:max_bytes])
        return zlib_ng.decompressobj(_wbits(packed)).decompress(packed, max_bytes)
    except (zlib_ng.error, zstd.ZstdError, brotli.error, EOFError):  # type: ignore[misc] # its stub says an instance
        return b""


def too_large(max_bytes: int, setting: str) -> BodyTooLargeError:
    """The refusal of a body over the cap."""
    return BodyTooLargeError(
        f"The request entity is larger than {max_bytes} bytes after decompression; "
        f"send less at a time (an operator may raise {setting})."
    )


def _encodings(encoding: str) -> list[str]:
    names = [name.strip().lower() for name in encoding.split(",")]
    names = [name for name in names if name not in ("", "identity")]
    # `gzip,deflate` is a copied Accept-Encoding, not two layers: one of them is meant.
    if len(names) > 1 and set(names) <= {"gzip", "x-gzip", "deflate"}:
        return ["gzip"]
    if len(names) > 2:  # noqa: PLR2004 - nobody stacks more than two in earnest
        raise EncodingUnknownError(
            f"The Content-Encoding '{encoding}' has {len(names)} layers; send at most two."
        )
    return names


def _undo(name: str, body: bytes, max_bytes: int, setting: str) -> bytes:
    inflate = _CODECS.get(name)
    if inflate is None:
        raise EncodingUnknownError(
            f"The Content-Encoding '{name}' is not supported; "
            "use gzip, deflate, zstd, br or no encoding."
        )
    if not body:
        return body
    try:
        plain = inflate(body, max_bytes)
    except _OverCapError:
        raise too_large(max_bytes, setting) from None
    except (zlib_ng.error, zstd.ZstdError, brotli.error, DecompressionError, EOFError) as error:  # type: ignore[misc] # its stub says an instance
        raise BodyUnreadableError(
            f"The body is not what its Content-Encoding '{name}' says: {error}."
        ) from None
    if len(plain) > max_bytes:
        raise too_large(max_bytes, setting)
    return plain


def _inflate(body: bytes, max_bytes: int) -> bytes:
    """Undo gzip, zlib or raw deflate, whichever it is; stops one byte past the cap."""
    if body[:4] == _ZSTD_MAGIC:
        return _unzstd(body, max_bytes)
    plain = b""
    for _ in range(_MAX_MEMBERS):
        inflater = zlib_ng.decompressobj(_wbits(body))
        plain += inflater.decompress(body, max_bytes + 1 - len(plain))
        if len(plain) > max_bytes:
            return plain
        if not inflater.eof:
            raise EOFError("it ends in the middle")
        body = inflater.unused_data.lstrip(b"\0")  # gzip files may be joined, and padded
        if not body:
            return plain
    raise EOFError(_TOO_MANY_MEMBERS)


def _wbits(body: bytes) -> int:
    is_zlib = len(body) > 1 and body[0] == _ZLIB_FIRST
    is_zlib = is_zlib and int.from_bytes(body[:2], "big") % _ZLIB_CHECK == 0
    return _AUTO_WBITS if is_zlib or body.startswith(_GZIP_MAGIC) else _RAW_WBITS


def _unzstd(body: bytes, max_bytes: int) -> bytes:
    # The window is memory a sender can ask for: no more than the cap, 8 MiB at least.
    window_log = max((max_bytes - 1).bit_length(), 23)
    options = {int(zstd.DecompressionParameter.window_log_max): min(window_log, 27)}
    plain = b""
    for _ in range(_MAX_MEMBERS):
        inflater = zstd.ZstdDecompressor(options=options)
        plain += inflater.decompress(body, max_bytes + 1 - len(plain))
        if len(plain) > max_bytes:
            return plain
        if not inflater.eof:
            raise EOFError("it ends in the middle")
        body = inflater.unused_data
        if not body:
            return plain
    raise EOFError(_TOO_MANY_MEMBERS)


def _unbrotli(body: bytes, max_bytes: int) -> bytes:
    decoder = brotli.Decompressor()
    plain = bytearray(decoder.process(body, output_buffer_limit=_CHUNK_BYTES))
    while not decoder.is_finished():
        if len(plain) > max_bytes:
            break
        if decoder.can_accept_more_data():
            raise EOFError("it ends in the middle")
        plain += decoder.process(b"", output_buffer_limit=_CHUNK_BYTES)
    return bytes(plain)


class _OverCapError(Exception):
    """What says how large it is when open, and is larger than it may be."""


def _unsnappy(body: bytes, max_bytes: int) -> bytes:
    """Undo a block of snappy, as Loki's clients pack; its size stands before its data."""
    if body.startswith(_SNAPPY_STREAM):
        raise EOFError("it is a stream of snappy; send one block")
    if snappy.decompress_raw_len(body) > max_bytes:
        raise _OverCapError
    return bytes(snappy.decompress_raw(body))


_CODECS: dict[str, Callable[[bytes, int], bytes]] = {
    "gzip": _inflate,
    "x-gzip": _inflate,
    "deflate": _inflate,
    "zstd": _unzstd,
    "br": _unbrotli,
    "snappy": _unsnappy,
}
