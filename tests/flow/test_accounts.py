import asyncio
import statistics
import time
from collections.abc import Iterator

import argon2
import pytest
import sqlalchemy

from logster.errors import NotFoundError, QuotaError, UnauthorizedError
from logster.meta import tables, throttle
from logster.meta.accounts import Accounts, EmailTakenError
from logster.meta.database import Database
from logster.meta.passwords import MAX_CHECKS, Passwords
from logster.meta.sessions import Role
from logster.meta.throttle import Throttle
from support.meta import FAST_HASHER, add_workspace

EMAIL, PASSWORD = "ada@example.com", "correct horse"


class HandTurnedClock:
    now_s = 1_000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> HandTurnedClock:
    return HandTurnedClock()


@pytest.fixture
def accounts(database: Database, clock: HandTurnedClock) -> Iterator[Accounts]:
    opened = Accounts(database, session_days=14, hasher=FAST_HASHER, clock=clock)
    yield opened
    opened.close()


@pytest.fixture
async def ada(accounts: Accounts, database: Database) -> int:
    workspace = add_workspace(database, "default")
    return await accounts.create_user(EMAIL, PASSWORD, workspace, Role.ADMIN)


async def test_the_right_password_begins_a_session(accounts: Accounts, ada: int) -> None:
    log_in = await accounts.log_in(EMAIL, PASSWORD, "10.0.0.1")
    session = await accounts.session_of(log_in.token)
    assert session == log_in.session
    assert session is not None
    assert (session.user, session.email, session.role) == (ada, EMAIL, Role.ADMIN)
    assert session.workspace_name == "default"


async def test_an_email_is_the_same_however_it_is_typed(accounts: Accounts, ada: int) -> None:
    assert await accounts.log_in("  ADA@Example.com ", PASSWORD, "10.0.0.1")


@pytest.mark.parametrize(
    ("email", "password"),
    [
        (EMAIL, "wrong"),
        (EMAIL, ""),
        ("eve@example.com", PASSWORD),
        ("' OR 1=1 --", "x"),
        ("", ""),
        (EMAIL, "x" * 100_000),
        (EMAIL, PASSWORD + "\x00"),
    ],
)
async def test_anything_else_is_unauthorized_in_the_same_words(
    accounts: Accounts, ada: int, email: str, password: str
) -> None:
    with pytest.raises(UnauthorizedError, match=r"^The email or the password is not right\.$"):
        await accounts.log_in(email, password, "10.0.0.1")


async def test_an_unknown_email_takes_as_long_as_a_wrong_password(
    accounts: Accounts, ada: int, clock: HandTurnedClock
) -> None:
    hasher = argon2.PasswordHasher(time_cost=3, memory_cost=8_192, parallelism=1)
    accounts._passwords = Passwords(hasher)
    await accounts.set_password(EMAIL, PASSWORD)

    async def measure(email: str) -> float:
        # Of all threads of this process: what else the machine does is no work of ours.
        started = time.process_time()
        with pytest.raises(UnauthorizedError):
            await accounts.log_in(email, "wrong", "10.0.0.1")
        return time.process_time() - started

    pairs = [(await measure(EMAIL), await measure("eve@example.com")) for _ in range(7)]
    known, unknown = zip(*pairs, strict=True)
    accounts._passwords.close()
    assert 0.5 < statistics.median(known) / statistics.median(unknown) < 2


async def test_every_log_in_has_a_token_of_its_own(accounts: Accounts, ada: int) -> None:
    first = await accounts.log_in(EMAIL, PASSWORD, "10.0.0.1")
    second = await accounts.log_in(EMAIL, PASSWORD, "10.0.0.1")
    assert first.token != second.token
    await accounts.log_out(first.token)
    assert await accounts.session_of(first.token) is None
    assert await accounts.session_of(second.token)


async def test_a_new_password_ends_every_session(accounts: Accounts, ada: int) -> None:
    tokens = [(await accounts.log_in(EMAIL, PASSWORD, "10.0.0.1")).token for _ in range(3)]
    await accounts.set_password(EMAIL, "battery staple")
    assert [await accounts.session_of(token) for token in tokens] == [None] * 3
    with pytest.raises(UnauthorizedError):
        await accounts.log_in(EMAIL, PASSWORD, "10.0.0.1")
    assert await accounts.log_in(EMAIL, "battery staple", "10.0.0.1")


async def test_a_session_expires(accounts: Accounts, ada: int, database: Database) -> None:
    token = (await accounts.log_in(EMAIL, PASSWORD, "10.0.0.1")).token
    with database.writing() as connection:
        connection.execute(tables.sessions.update().values(expires_at=time.time_ns() - 1))
    assert await accounts.session_of(token) is None
    await accounts.log_in(EMAIL, PASSWORD, "10.0.0.1")
    with database.reading() as connection:
        count = connection.execute(
            sqlalchemy.select(sqlalchemy.func.count(tables.sessions.c.digest))
        )
        assert count.scalar() == 1, "the expired one is forgotten"


async def test_who_leaves_the_workspace_is_out_at_once(
    accounts: Accounts, ada: int, database: Database
) -> None:
    token = (await accounts.log_in(EMAIL, PASSWORD, "10.0.0.1")).token
    with database.writing() as connection:
        connection.execute(tables.memberships.delete())
    assert await accounts.session_of(token) is None
    with pytest.raises(UnauthorizedError, match="no workspace"):
        await accounts.log_in(EMAIL, PASSWORD, "10.0.0.1")


async def test_neither_password_nor_token_is_in_the_database(
    accounts: Accounts, ada: int, database: Database
) -> None:
    token = (await accounts.log_in(EMAIL, PASSWORD, "10.0.0.1")).token
    with database.reading() as connection:
        rows = repr(connection.execute(sqlalchemy.select(tables.users)).all())
        rows += repr(connection.execute(sqlalchemy.select(tables.sessions)).all())
    assert token not in rows
    assert PASSWORD not in rows
    assert "$argon2id$" in rows


async def fail(accounts: Accounts, email: str, address: str) -> None:
    with pytest.raises(UnauthorizedError):
        await accounts.log_in(email, "wrong", address)


async def test_one_email_has_ten_tries_from_anywhere(
    accounts: Accounts, ada: int, clock: HandTurnedClock
) -> None:
    for number in range(10):
        await fail(accounts, EMAIL, f"10.0.0.{number}")
    with pytest.raises(QuotaError) as caught:
        await accounts.log_in(EMAIL, PASSWORD, "10.9.9.9")
    assert caught.value.retry_after_s == 301
    clock.now_s += 300
    assert await accounts.log_in(EMAIL, PASSWORD, "10.9.9.9")


async def test_one_address_has_fifty_tries_over_all_emails(accounts: Accounts, ada: int) -> None:
    for number in range(50):
        # All of one /64: an IPv6 customer has as many addresses as they like.
        await fail(accounts, f"{number}@example.com", f"2001:db8::{number:x}")
    with pytest.raises(QuotaError):
        await accounts.log_in(EMAIL, PASSWORD, "2001:db8::ffff")
    assert await accounts.log_in(EMAIL, PASSWORD, "2001:db8:1::1")


async def test_parallel_guesses_count_like_serial_ones(accounts: Accounts, ada: int) -> None:
    async def guess(number: int) -> type[Exception]:
        try:
            await accounts.log_in(EMAIL, f"guess {number}", "10.0.0.1")
        except (UnauthorizedError, QuotaError) as error:
            return type(error)
        raise AssertionError

    results = await asyncio.gather(*(guess(number) for number in range(40)))
    assert results.count(UnauthorizedError) == 10


async def test_good_log_ins_are_never_counted(accounts: Accounts, ada: int) -> None:
    for _ in range(60):
        await accounts.log_in(EMAIL, PASSWORD, "10.0.0.1")


async def test_what_is_remembered_of_failures_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(throttle, "MAX_REMEMBERED", 100)
    failures = Throttle(5, time.monotonic)
    for number in range(1_000):
        failures.record(str(number))
    assert len(failures._counts) == 100


async def test_more_log_ins_at_once_than_can_wait_are_turned_away(
    accounts: Accounts, ada: int
) -> None:
    async def guess(number: int) -> type[Exception]:
        try:
            await accounts.log_in(f"{number}@example.com", "x", f"10.0.0.{number}")
        except (UnauthorizedError, QuotaError) as error:
            return type(error)
        raise AssertionError

    hasher = argon2.PasswordHasher(time_cost=2, memory_cost=16_384, parallelism=1)
    accounts._passwords = Passwords(hasher)
    results = await asyncio.gather(*(guess(number) for number in range(100)))
    accounts._passwords.close()
    assert QuotaError in results
    assert results.count(UnauthorizedError) >= MAX_CHECKS


async def test_an_old_hash_is_renewed_at_the_next_log_in(
    accounts: Accounts, ada: int, database: Database
) -> None:
    stronger = argon2.PasswordHasher(time_cost=2, memory_cost=16, parallelism=1)
    renewed = Accounts(database, session_days=1, hasher=stronger)
    await renewed.log_in(EMAIL, PASSWORD, "10.0.0.1")
    renewed.close()
    with database.reading() as connection:
        kept = connection.execute(sqlalchemy.select(tables.users.c.password_hash)).scalar_one()
    assert "t=2" in kept


@pytest.mark.parametrize("email", ["", "ada", "@x", "ada@", "a b@c", "a\n@b", "x" * 255 + "@b"])
async def test_what_is_no_email_is_refused(accounts: Accounts, ada: int, email: str) -> None:
    with pytest.raises(ValueError, match="not an email"):
        await accounts.create_user(email, PASSWORD, 1, Role.VIEWER)


@pytest.mark.parametrize("password", ["", "short", "x" * 1_001])
async def test_a_bad_password_is_refused(accounts: Accounts, ada: int, password: str) -> None:
    with pytest.raises(ValueError, match="characters"):
        await accounts.create_user("bob@example.com", password, 1, Role.VIEWER)
    with pytest.raises(ValueError, match="characters"):
        await accounts.set_password(EMAIL, password)


async def test_an_email_has_one_account(accounts: Accounts, ada: int) -> None:
    with pytest.raises(EmailTakenError, match="already"):
        await accounts.create_user(EMAIL.upper(), PASSWORD, 1, Role.VIEWER)


async def test_nobody_gets_no_new_password(accounts: Accounts, ada: int) -> None:
    with pytest.raises(NotFoundError):
        await accounts.set_password("eve@example.com", PASSWORD)
