"""Passwords: kept as Argon2id hashes, and checked in a few threads of their own.

In: a password, and what is kept of one. Out: whether it is the same; a hash.
Promise: a check never blocks the event loop, and all of them together never take more memory than
`MAX_CHECKS` hashes need; what there is nothing kept of takes as long as what there is.
"""

from __future__ import annotations

import asyncio
import secrets
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

import argon2

from logster.errors import QuotaError

if TYPE_CHECKING:
    from collections.abc import Callable

#: Password checks at one time; each takes 64 MiB and about 50 ms of one core.
MAX_CHECKS = 2
#: Log-ins that may wait for one of them; more would wait longer than people do.
MAX_WAITING_CHECKS = 20

MIN_PASSWORD_LENGTH = 8
#: Argon2 reads all of it, so its length is our work.
MAX_PASSWORD_LENGTH = 1_000

_Result = TypeVar("_Result")


def check_password(password: str) -> None:
    """Raise ValueError when a new password is too short or too long."""
    if not MIN_PASSWORD_LENGTH <= len(password) <= MAX_PASSWORD_LENGTH:
        raise ValueError(
            f"A password has {MIN_PASSWORD_LENGTH} to {MAX_PASSWORD_LENGTH} characters."
        )


def make_password() -> str:
    """A password to be told once: 96 random bits in 16 characters."""
    return secrets.token_urlsafe(12)


class Passwords:
    """Argon2 in a few threads of its own: it is meant to be slow and to need memory."""

    def __init__(self, hasher: argon2.PasswordHasher) -> None:
        self._hasher = hasher
        self._threads = ThreadPoolExecutor(MAX_CHECKS, thread_name_prefix="passwords")
        self._waiting_count = 0
        # What an unknown email is checked against, so that it takes the same time.
        self._nobody = hasher.hash(secrets.token_urlsafe(16))

    def close(self) -> None:
        """Let the threads go."""
        self._threads.shutdown()

    async def verify(self, kept: str | None, password: str) -> bool:
        """Whether a password is the one that is kept; never when nothing is."""
        return await self._run(self._verify, kept or self._nobody, password)

    async def hash(self, password: str) -> str:
        """What is to be kept of a password."""
        return await self._run(self._hasher.hash, password)

    def is_outdated(self, kept: str) -> bool:
        """Whether today's hashes are made with more work."""
        return self._hasher.check_needs_rehash(kept)

    def _verify(self, kept: str, password: str) -> bool:
        if len(password) > MAX_PASSWORD_LENGTH:
            password = ""
        try:
            return self._hasher.verify(kept, password)
        except argon2.exceptions.VerificationError:
            return False

    async def _run(self, work: Callable[..., _Result], *arguments: str) -> _Result:
        if self._waiting_count >= MAX_CHECKS + MAX_WAITING_CHECKS:
            raise QuotaError("Too many people log in at this moment; try again.", retry_after_s=2)
        self._waiting_count += 1
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._threads, work, *arguments)
        finally:
            self._waiting_count -= 1
