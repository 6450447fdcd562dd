"""API keys: who may send and read without a log-in.

In: the text of a key and the right that is asked for. Out: a `Grant`, or a refusal.
Promise: `check` does no I/O. A key made or revoked anywhere holds in every worker within
a second. While the meta database is away, the keys known so far keep working.

A key is 32 random base62 characters (190 bits), so its SHA-256 is kept and a slow hash
would protect nothing: there is no list of likely keys to try. For the same reason the
look-up is a plain dict by digest: how long it takes tells about the digest, not the key.
"""

from __future__ import annotations

import asyncio
import enum
import hashlib
import logging
import secrets
import string
import threading
import time
import zlib
from concurrent.futures import Future
from typing import TYPE_CHECKING, Self

import msgspec
from sqlalchemy import select, update

from logster.errors import ForbiddenError, MetaUnavailableError, NotFoundError, UnauthorizedError
from logster.meta import tables

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sqlalchemy import Connection, Row

    from logster.meta.database import Database

log = logging.getLogger(__name__)

KEY_PREFIX = "lgs_"
SECRET_LENGTH = 32
#: A CRC-32 in base62: tells a mistyped key from an unknown one, and lets secret scanners be sure.
CHECKSUM_LENGTH = 6
#: An operator's own key may be any text of at least this length.
MIN_OWN_KEY_LENGTH = 16
#: Longer texts are no keys; hashing them would be work for nothing.
MAX_KEY_LENGTH = 512
MAX_NAME_LENGTH = 200
#: What stays visible of a made key (24 bits less to guess, of 190) and of an operator's own.
HINT_LENGTH = len(KEY_PREFIX) + 4
OWN_HINT_LENGTH = 4

#: How often every worker asks whether keys have changed: twice per promised second.
REFRESH_INTERVAL_S = 0.5
#: Unknown keys bring the next question forward, but no closer than this to the last one.
MIN_REFRESH_INTERVAL_S = 0.05
#: How long an unknown key waits for that answer.
MAX_WAIT_S = 1.0
#: `last_used_at` is for people; a write per minute is fine enough and costs nothing.
USE_INTERVAL_S = 60.0

_ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase
_PART = "keys"


class Right(enum.StrEnum):
    """What a key may do; a key has any set of these."""

    INGEST = "ingest"
    READ = "read"
    ADMIN = "admin"


ALL_RIGHTS = frozenset(Right)


class Grant(msgspec.Struct, frozen=True, kw_only=True):
    """A key that was checked: whose it is and what it may."""

    workspace: int
    key: int
    rights: frozenset[Right]


class KeyInfo(msgspec.Struct, frozen=True, kw_only=True):
    """A key as people see it; instants are nanoseconds since 1970."""

    id: int
    workspace: int
    name: str
    hint: str
    rights: frozenset[Right]
    created_at: int
    revoked_at: int | None = None
    last_used_at: int | None = None


class NewKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key just made; the only moment its text can be seen."""

    info: KeyInfo
    text: str


class Keys:
    """The live keys, in memory, kept fresh by a thread of its own."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._grants: Mapping[bytes, Grant] = {}
        self._revision = -1
        self._used: set[int] = set()
        self._used_written_at = time.monotonic()
        self._next_refresh: Future[None] = Future()
        self._loading = threading.Lock()
        self._wake = threading.Event()
        self._is_closed = False
        self._thread = threading.Thread(target=self._keep_fresh, name="keys", daemon=True)

    def start(self) -> Self:
        """Load the keys and keep them fresh from now on; raises MetaUnavailableError."""
        self._refresh()
        self._thread.start()
        return self

    def close(self) -> None:
        """Stop, and write down which keys were used."""
        self._is_closed = True
        self._wake.set()
        if self._thread.ident is not None:
            self._thread.join()
        try:
            self._record_use()
        except MetaUnavailableError:
            log.warning("The last use of some keys could not be written down.")

    def check(self, text: str | None, right: Right) -> Grant:
        """Give what the key grants; raises UnauthorizedError or ForbiddenError. No I/O.

        An unknown key hastens the next refresh; who can wait for it calls `admit`.
        """
        if not text:
            raise UnauthorizedError(
                "An API key is needed: send it in the ApiKey header. None came, or an empty one: "
                "is the variable set that holds it (LOGSTER_API_KEY)?"
            )
        grant = self._grants.get(digest_of(text))
        if grant is None:
            if _may_exist(text):
                self._wake.set()
            raise UnauthorizedError("The API key is unknown or was revoked.")
        if right not in grant.rights:
            raise ForbiddenError(f"The API key lacks the right {right.value!r}.")
        self._used.add(grant.key)
        return grant

    async def admit(self, text: str | None, right: Right) -> Grant:
        """Check, and let an unknown key wait for one refresh: it may be a moment old."""
        refresh = self._next_refresh
        try:
            return self.check(text, right)
        except UnauthorizedError:
            if not text or not _may_exist(text):
                raise
        # Everyone who waits shares one refresh, so a flood of wrong keys asks no more often.
        await asyncio.wait([asyncio.wrap_future(refresh)], timeout=MAX_WAIT_S)
        return self.check(text, right)

    async def create(self, workspace: int, name: str, rights: Iterable[Right]) -> NewKey:
        """Make a key; raises ValueError for a name or rights that cannot be."""
        name, chosen = _check_name(name), frozenset(rights)
        if not chosen:
            raise ValueError("A key needs at least one right: ingest, read or admin.")
        text = make_key()
        new = await self._database.write(
            lambda connection: NewKey(
                info=add_key(connection, workspace, name, text, chosen), text=text
            )
        )
        await asyncio.to_thread(self._refresh)
        return new

    async def in_workspace(self, workspace: int) -> list[KeyInfo]:
        """Every key of the workspace, revoked ones too, newest first."""
        question = (
            select(tables.keys)
            .where(tables.keys.c.workspace == workspace)
            .order_by(tables.keys.c.id.desc())
        )
        rows = await self._database.read(lambda connection: connection.execute(question).all())
        return [_info_of(row) for row in rows]

    async def find(self, workspace: int, key: int) -> KeyInfo:
        """One key of the workspace; raises NotFoundError."""
        return await self._database.read(lambda connection: _find(connection, workspace, key))

    async def rename(self, workspace: int, key: int, name: str) -> KeyInfo:
        """Call a key something else; raises NotFoundError, or ValueError for the name."""
        name = _check_name(name)

        def change(connection: Connection) -> KeyInfo:
            _find(connection, workspace, key)
            renaming = update(tables.keys).where(tables.keys.c.id == key).values(name=name)
            connection.execute(renaming)
            return _find(connection, workspace, key)

        return await self._database.write(change)

    async def revoke(self, workspace: int, key: int) -> None:
        """End a key for good; raises NotFoundError. Revoking twice is no mistake."""
        await self._database.write(lambda connection: _revoke(connection, workspace, key))
        await asyncio.to_thread(self._refresh)

    def _keep_fresh(self) -> None:
        is_away = False
        while not self._is_closed:
            self._wake.wait(REFRESH_INTERVAL_S)
            self._wake.clear()
            was_away, is_away = is_away, not self._try_refresh()
            if is_away and not was_away:
                log.warning("The database of keys is away; the known keys keep working.")
            if was_away and not is_away:
                log.warning("The database of keys is back.")
            if not self._is_closed:
                time.sleep(MIN_REFRESH_INTERVAL_S)

    def _try_refresh(self) -> bool:
        try:
            self._refresh()
            if time.monotonic() - self._used_written_at > USE_INTERVAL_S:
                self._record_use()
        except MetaUnavailableError:
            return False
        except Exception:
            # A thread that dies would leave revoked keys alive, unseen.
            log.exception("The keys could not be refreshed.")
        return True

    def _refresh(self) -> None:
        # Who begins to wait from here on needs a refresh that begins from here on.
        with self._loading:
            done, self._next_refresh = self._next_refresh, Future()
            try:
                with self._database.reading() as connection:
                    revision = _revision(connection)
                    if revision != self._revision:
                        self._grants = _load_grants(connection)
                        self._revision = revision
            finally:
                done.set_result(None)

    def _record_use(self) -> None:
        self._used_written_at = time.monotonic()
        used, self._used = self._used, set()
        if not used:
            return
        statement = (
            update(tables.keys)
            .where(tables.keys.c.id.in_(tuple(used)))
            .values(last_used_at=time.time_ns())
        )
        with self._database.writing() as connection:
            connection.execute(statement)


def make_key() -> str:
    """Make the text of a new key."""
    secret = "".join(secrets.choice(_ALPHABET) for _ in range(SECRET_LENGTH))
    return KEY_PREFIX + secret + _checksum(secret)


def digest_of(text: str) -> bytes:
    """What is kept of a key."""
    return hashlib.sha256(text[: MAX_KEY_LENGTH + 1].encode("utf-8", "surrogatepass")).digest()


def add_key(
    connection: Connection, workspace: int, name: str, text: str, rights: frozenset[Right]
) -> KeyInfo:
    """Write a key down and tell every worker; the text itself is not kept."""
    row = connection.execute(
        tables.keys.insert()
        .values(
            workspace=workspace,
            name=name,
            digest=digest_of(text),
            hint=_hint_of(text),
            rights=" ".join(sorted(rights)),
            created_at=time.time_ns(),
        )
        .returning(tables.keys)
    ).one()
    _record_change(connection)
    return _info_of(row)


def _hint_of(text: str) -> str:
    length = HINT_LENGTH if text.startswith(KEY_PREFIX) else OWN_HINT_LENGTH
    return text[:length] + "…"


def _checksum(secret: str) -> str:
    number, digits = zlib.crc32(secret.encode()), ""
    for _ in range(CHECKSUM_LENGTH):
        number, digit = divmod(number, len(_ALPHABET))
        digits = _ALPHABET[digit] + digits
    return digits


def _may_exist(text: str) -> bool:
    """Whether the database could know this text: a made key's checksum must hold."""
    made_length = len(KEY_PREFIX) + SECRET_LENGTH + CHECKSUM_LENGTH
    if text.startswith(KEY_PREFIX) and len(text) == made_length:
        secret = text[len(KEY_PREFIX) : -CHECKSUM_LENGTH]
        return _checksum(secret) == text[-CHECKSUM_LENGTH:]
    return MIN_OWN_KEY_LENGTH <= len(text) <= MAX_KEY_LENGTH


def _check_name(name: str) -> str:
    name = name.strip()
    if not name or len(name) > MAX_NAME_LENGTH or not name.isprintable():
        raise ValueError(f"A key's name is 1 to {MAX_NAME_LENGTH} printable characters.")
    return name


def _find(connection: Connection, workspace: int, key: int) -> KeyInfo:
    mine = (tables.keys.c.workspace == workspace) & (tables.keys.c.id == key)
    row = connection.execute(select(tables.keys).where(mine)).one_or_none()
    if row is None:
        raise NotFoundError(f"There is no key {key} in this workspace.")
    return _info_of(row)


def _revoke(connection: Connection, workspace: int, key: int) -> None:
    _find(connection, workspace, key)
    connection.execute(
        update(tables.keys)
        .where((tables.keys.c.id == key) & tables.keys.c.revoked_at.is_(None))
        .values(revoked_at=time.time_ns())
    )
    _record_change(connection)


def _record_change(connection: Connection) -> None:
    revisions = tables.revisions.c
    connection.execute(
        update(tables.revisions)
        .where(revisions.part == _PART)
        .values(revision=revisions.revision + 1)
    )


def _revision(connection: Connection) -> int:
    revisions = tables.revisions.c
    question = select(revisions.revision).where(revisions.part == _PART)
    revision: int = connection.execute(question).scalar_one()
    return revision


def _load_grants(connection: Connection) -> dict[bytes, Grant]:
    keys = tables.keys.c
    question = select(keys.digest, keys.workspace, keys.id, keys.rights)
    return {
        bytes(digest): Grant(workspace=workspace, key=key, rights=_rights_of(rights))
        for digest, workspace, key, rights in connection.execute(
            question.where(keys.revoked_at.is_(None))
        )
    }


def _rights_of(text: str) -> frozenset[Right]:
    return frozenset(Right(name) for name in text.split())


def _info_of(row: Row[tuple[object, ...]]) -> KeyInfo:
    values = dict(row._mapping)  # noqa: SLF001 - the documented way to a row's names
    del values["digest"]
    return KeyInfo(**{**values, "rights": _rights_of(values["rights"])})
