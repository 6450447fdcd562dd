"""Packs what the API answers, as the client asks: zstd, br or gzip.

In: an answer, and the request's Accept-Encoding. Out: the same, smaller.
Promise: each piece of a stream arrives when it is sent, not when a block is full; live tails and
small answers stay as they are, and so does every page: one that holds a form's secret beside
what an address can put there must not be packed (the attack is known as BREACH).
"""

import asyncio
from collections.abc import Callable
from typing import Any, Protocol

import brotli
from litestar.datastructures import MutableScopeHeaders
from litestar.types import HTTPScope, Message, Send
from zlib_ng import zlib_ng

from logster import zstd

#: Below this an answer is one packet anyhow.
MIN_BYTES = 1_000
#: From here on it is packed beside the loop: 64 KB take half a millisecond.
THREAD_BYTES = 64 * 1024
#: What JSON gains beyond these levels is little, and takes several times as long.
ZSTD_LEVEL, BROTLI_QUALITY, GZIP_LEVEL = 3, 4, 3

PACKED_PATHS = ("/api/", "/help")
PACKED_TYPES = frozenset(
    {"application/json", "application/x-ndjson", "text/csv", "text/plain", "text/html"}
)


class Packer(Protocol):
    """Takes pieces, and gives what they have become so far."""

    def pack(self, piece: bytes, *, is_last: bool) -> bytes:
        """All that was taken, and the end of it behind the last piece."""
        ...


class _Zstd:
    def __init__(self) -> None:
        self._compressor = zstd.ZstdCompressor(ZSTD_LEVEL)

    def pack(self, piece: bytes, *, is_last: bool) -> bytes:
        if is_last:
            return self._compressor.compress(piece, zstd.ZstdCompressor.FLUSH_FRAME)
        return self._compressor.compress(piece, zstd.ZstdCompressor.FLUSH_BLOCK)


class _Brotli:
    def __init__(self) -> None:
        self._compressor = brotli.Compressor(quality=BROTLI_QUALITY)

    def pack(self, piece: bytes, *, is_last: bool) -> bytes:
        packed: bytes = self._compressor.process(piece)
        packed += self._compressor.finish() if is_last else self._compressor.flush()
        return packed


class _Gzip:
    def __init__(self) -> None:
        self._compressor = zlib_ng.compressobj(GZIP_LEVEL, wbits=16 + zlib_ng.MAX_WBITS)

    def pack(self, piece: bytes, *, is_last: bool) -> bytes:
        mode = zlib_ng.Z_FINISH if is_last else zlib_ng.Z_SYNC_FLUSH
        return self._compressor.compress(piece) + self._compressor.flush(mode)


#: Best first.
PACKERS: dict[str, Callable[[], Packer]] = {"zstd": _Zstd, "br": _Brotli, "gzip": _Gzip}


def choose_encoding(accepted: str) -> str:
    """The name of the packer for an Accept-Encoding header; "" for none."""
    qualities = dict(_read_quality(part) for part in accepted.lower().split(","))
    wanted = {name: qualities.get(name, qualities.get("*", 0.0)) for name in PACKERS}
    best = max(wanted, key=lambda name: wanted[name])  # of equals the first
    return best if wanted[best] > 0 and wanted[best] >= qualities.get("identity", 0.0) else ""


def _read_quality(part: str) -> tuple[str, float]:
    name, _, parameters = part.partition(";")
    for parameter in parameters.split(";"):
        key, _, value = parameter.partition("=")
        if key.strip() == "q":
            try:
                return name.strip(), float(value)
            except ValueError:
                return name.strip(), 0.0
    return name.strip(), 1.0


def packed(scope: HTTPScope, send: Send) -> Send:
    """A `send` that packs the answer when the client takes it so."""
    if not scope["path"].startswith(PACKED_PATHS) or scope["method"] == "HEAD":
        return send
    accepted = b",".join(value for name, value in scope["headers"] if name == b"accept-encoding")
    return _Packing(choose_encoding(accepted.decode("latin-1")), send).send


class _Packing:
    """One answer on its way out; its head waits for the first piece, to know its size."""

    def __init__(self, encoding: str, send: Send) -> None:
        self._encoding = encoding
        self._send = send
        self._head: Any = None
        self._packer: Packer | None = None

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._head = message
            return
        if message["type"] != "http.response.body":
            await self._send(message)
            return
        body, is_last = message.get("body", b""), not message.get("more_body", False)
        if self._head is not None:
            await self._begin(body, is_last=is_last)
        if self._packer is None:
            await self._send(message)
            return
        if len(body) >= THREAD_BYTES:
            body = await asyncio.to_thread(self._packer.pack, body, is_last=is_last)
        else:
            body = self._packer.pack(body, is_last=is_last)
        if body or is_last:
            await self._send({"type": "http.response.body", "body": body, "more_body": not is_last})

    async def _begin(self, body: bytes, *, is_last: bool) -> None:
        head, self._head = self._head, None
        headers = MutableScopeHeaders.from_message(head)
        if _is_packable(head["status"], headers):
            headers.add("Vary", "Accept-Encoding")
            if self._encoding and not (is_last and len(body) < MIN_BYTES):
                self._packer = PACKERS[self._encoding]()
                headers["Content-Encoding"] = self._encoding
                if "content-length" in headers:
                    del headers["content-length"]
        await self._send(head)


def _is_packable(status: int, headers: MutableScopeHeaders) -> bool:
    media_type = headers.get("content-type", "").partition(";")[0].strip()
    return status not in (204, 304) and (
        media_type in PACKED_TYPES and "content-encoding" not in headers
    )
