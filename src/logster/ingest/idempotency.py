"""A resend with the same key stores nothing and gets the first answer.

In: the digest of an API key, a route and an `Idempotency-Key`. Out: the first answer, if any.
Promise: holds across the workers of a machine and across a crash at any moment; a key that comes
with another body is refused, so that no message is lost with a 200 (docs/decisions/031).

The truth is the receipt that a spool writes in the same commit as the events, so there is no
moment in which one is there without the other. Two resends at the same time are kept apart by
a lock on one byte of a file, which the kernel gives back when its holder dies.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import hashlib
import os
import sqlite3
import time
from typing import TYPE_CHECKING

import msgspec

from logster.errors import ConflictError, RefusedError, RetryLaterError
from logster.ingest.protocol import Receipt

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

MAX_KEY_CHARS = 200

#: A first request may take this long to be synced before its resend is told to come again.
MAX_WAIT_S = 10.0
LOOK_AGAIN_S = 0.01

#: File offsets end at 2^63; half of that leaves room and collides once in 4e18 pairs.
_OFFSET_BYTES = 7


class Receipts:
    """Answers given before, on this machine."""

    def __init__(self, folder: Path, find: Callable[[Path, bytes], bytes | None]) -> None:
        """`folder` holds the spools; `find` looks into one of them."""
        self._folder = folder
        self._find = find
        self._lock = os.open(
            folder / "idempotency.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600
        )
        self._held: set[bytes] = set()

    def close(self) -> None:
        """Give all locks back."""
        os.close(self._lock)

    @contextlib.asynccontextmanager
    async def hold(self, digest: bytes) -> AsyncIterator[bytes | None]:
        """Be the only one with this digest; gives the answer of an earlier request, or None."""
        await self._acquire(digest)
        try:
            yield await asyncio.to_thread(self._look_up, digest)
        finally:
            self._release(digest)

    def _look_up(self, digest: bytes) -> bytes | None:
        for path in sorted(self._folder.glob("spool-*.sqlite")):
            # A spool that is being made, or a damaged one, which must not refuse everybody.
            with contextlib.suppress(sqlite3.DatabaseError):
                if (answer := self._find(path, digest)) is not None:
                    return answer
        return None

    async def _acquire(self, digest: bytes) -> None:
        deadline = time.monotonic() + MAX_WAIT_S
        while not self._try_acquire(digest):
            if time.monotonic() > deadline:
                raise RetryLaterError(
                    "A request with the same Idempotency-Key is still under way; try again.", 1
                )
            await asyncio.sleep(LOOK_AGAIN_S)

    def _try_acquire(self, digest: bytes) -> bool:
        if digest in self._held:  # the kernel's lock is per process
            return False
        try:
            fcntl.lockf(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, _offset(digest))
        except (BlockingIOError, PermissionError):
            return False
        self._held.add(digest)
        return True

    def _release(self, digest: bytes) -> None:
        self._held.discard(digest)
        fcntl.lockf(self._lock, fcntl.LOCK_UN, 1, _offset(digest))


class Kept(msgspec.Struct, frozen=True):
    """An answer given before, and the fingerprint of the body it was given for."""

    receipt: Receipt
    printed: bytes

    def check_body(self, printed: bytes) -> None:
        """Refuse another body under the same key; what was kept without a fingerprint fits any."""
        if self.printed and self.printed != printed:
            raise ConflictError(
                "This Idempotency-Key was used within the last 24 hours for another body, which is "
                "stored; this one is not. Send each body with a key of its own, and the same key "
                "only to send the same body again."
            )


class _KeptReceipt(Receipt, frozen=True, kw_only=True):
    """As it is stored: a receipt that versions before fingerprints read and wrote as well."""

    printed: bytes = b""


def fingerprint(body: bytes) -> bytes:
    """What tells a body, without its Content-Encoding, from another one."""
    return hashlib.sha256(body).digest()


def render_kept(receipt: Receipt, printed: bytes) -> bytes:
    """An answer as a spool keeps it."""
    return msgspec.msgpack.encode(
        _KeptReceipt(
            ids=receipt.ids,
            rejections=receipt.rejections,
            lines=receipt.lines,
            repeated=receipt.repeated,
            identity=receipt.identity,
            notes=receipt.notes,
            printed=printed,
        )
    )


def read_kept(answer: bytes) -> Kept:
    """The same, from a spool."""
    kept = msgspec.msgpack.decode(answer, type=_KeptReceipt)
    receipt = Receipt(
        ids=kept.ids,
        rejections=kept.rejections,
        lines=kept.lines,
        repeated=kept.repeated,
        identity=kept.identity,
        notes=kept.notes,
    )
    return Kept(receipt, kept.printed)


def digest_of(workspace: int, owner: int, route: str, key: str) -> bytes:
    """One digest for a key within a route and its owner, the API key that it came by.

    Refuses a key that is too long.
    """
    if len(key) > MAX_KEY_CHARS:
        raise RefusedError(
            f"The Idempotency-Key has {len(key)} characters; at most {MAX_KEY_CHARS} are allowed."
        )
    return hashlib.sha256(f"{workspace}\n{owner}\n{route}\n{key}".encode()).digest()


def _offset(digest: bytes) -> int:
    return int.from_bytes(digest[:_OFFSET_BYTES], "big") >> 1
