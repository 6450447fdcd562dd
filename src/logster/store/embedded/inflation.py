"""Bodies that came packed, as they were before.

In: a body and its Content-Encoding. Out: the body, up to `MAX_BODY_BYTES`; else BadRequestError.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

from logster import zstd

if TYPE_CHECKING:
    from collections.abc import Callable

#: Larger than any batch a spool hands over (LOGSTER_MAX_BATCH_BYTES inflated), and bounded.
MAX_BODY_BYTES = 512 * 1024 * 1024


class BadRequestError(Exception):
    """A request that is not of this interface; `code` is ClickHouse's error code."""

    def __init__(self, message: str, code: int = 36) -> None:
        super().__init__(message)
        self.code = code


def inflate(body: bytes, encoding: str) -> bytes:
    """Undo a Content-Encoding; raises BadRequestError when it does not hold or is too large."""
    if not encoding or encoding == "identity":
        return body
    if encoding not in _INFLATERS:
        raise BadRequestError(f"Content-Encoding {encoding} is not known", 432)
    try:
        plain = _INFLATERS[encoding](body)
    except (zlib.error, zstd.ZstdError, RuntimeError, EOFError) as error:
        raise BadRequestError(f"the body is not {encoding}: {error}", 271) from error
    if len(plain) > MAX_BODY_BYTES:
        raise BadRequestError(f"the body inflates to over {MAX_BODY_BYTES} bytes", 307)
    return plain


def _inflate_zlib(wbits: int) -> Callable[[bytes], bytes]:
    def run(body: bytes) -> bytes:
        inflater = zlib.decompressobj(wbits)
        plain = inflater.decompress(body, MAX_BODY_BYTES + 1)
        if not inflater.eof and len(plain) <= MAX_BODY_BYTES:
            raise EOFError("it ends early")
        return plain

    return run


def _inflate_zstd(body: bytes) -> bytes:
    inflater = zstd.ZstdDecompressor()
    plain = inflater.decompress(body, MAX_BODY_BYTES + 1)
    if not inflater.eof and len(plain) <= MAX_BODY_BYTES:
        raise EOFError("it ends early")
    return plain


_INFLATERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": _inflate_zlib(31),
    "deflate": _inflate_zlib(15),
    "zstd": _inflate_zstd,
}
