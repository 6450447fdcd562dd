"""What became of events, by the API: counts, one by its id, bodies looked into and tried again."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import time
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from logster.errors import SpoolFullError
from logster.event import Batch, Columns
from logster.ids import IdMaker, digest_of_identity
from logster.ingest.frames import frames_of
from logster.ingest.frames import pack as pack_frames
from logster.ingest.idempotency import Receipts
from logster.ingest.intake import Intake
from logster.ingest.outcomes import Outcomes
from logster.ingest.protocol import Limits
from logster.ingest.protocols import PROTOCOLS
from logster.ingest.retry import Retries
from logster.ingest.routes import Routes
from logster.ledger.ledger import Ledger
from logster.ledger.questions import record_retry
from logster.meta.grants import Grant, Right
from logster.outcome import Fault, Outcome, Refused
from logster.pipeline import Pipeline
from logster.spool.packing import pack, unpack
from logster.spool.queue import Block
from logster.spool.receipts import find_receipt
from logster.spool.repeats import keep_digests
from logster.spool.schema import connect
from logster.spool.spool import Spool
from support.meta import add_workspace
from support.stored import event_at, store_events
from support.web import KEY, csrf_of, log_in, running_site

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from logster.store.engine import Engine
    from support.web import Site

GOOD = b'{"Message":"good","Severity":2}'
#: The first line is good and stored; the second and the last were not.
MIXED = GOOD + b'\n{"Message":"second"}\n{"Message":"third"}\n{"Message":"last"}\n'


def refused(body: bytes = GOOD, **told: Any) -> Refused:
    given: dict[str, Any] = {
        "at": time.time(),
        "workspace": 1,
        "key": 1,
        "protocol": "api_log",
        "outcome": Outcome.REFUSED,
        "reason": "media_type",
        "method": "POST",
        "path": "/api/Log",
        "query": "",
        "headers": {"content-type": "application/json"},
        "events": None,
        "faults": [Fault(0, "media_type", ["ada@example.org sent no JSON."])],
        "size": len(body),
        "body": body,
        "is_whole": True,
    }
    return Refused(**{**given, **told})


class Shop:
    """A site, with an intake behind its API."""

    def __init__(self, site: Site, ledger: Ledger, spool: Spool[Any], folder: Path) -> None:
        self.site = site
        self.ledger = ledger
        self.spool = spool
        self.folder = folder
        self.is_revoked = False

    def find_grant(self, workspace: int, key: int) -> Grant | None:
        if self.is_revoked:
            return None
        return Grant(workspace=workspace, key=key, rights=frozenset({Right.INGEST}))

    async def keep(self, *bodies: Refused) -> list[str]:
        """Write bodies into the ledger; gives their numbers, oldest first."""
        for body in bodies:
            self.ledger.keep(body)
        await self.ledger.write()
        listed = await self.ask("/receipts/refused")
        return [each["id"] for each in listed["refused"][::-1]][-len(bodies) :]

    async def ask(self, path: str, status: int = 200, key: str = KEY, method: str = "GET") -> Any:
        async with self.site.visit(key=key) as client:
            answer = await client.request(method, f"/api/v1{path}")
        assert answer.status_code == status, answer.text
        return msgspec.json.decode(answer.content) if answer.content else None

    async def retry(self, number: str = "", status: int = 200, key: str = KEY) -> Any:
        path = f"/receipts/refused/{number}/retry" if number else "/receipts/refused/retry"
        return await self.ask(path, status, key, "POST")

    async def messages(self) -> list[str]:
        claim = await self.spool.take(1 << 30, 1 << 30)
        if claim is None:
            return []
        return [event.message for body in claim.bodies for event in unpack(body)]

    async def key_of(self, workspace: str, *rights: Right) -> str:
        """A key of a workspace that is not the first one."""
        number = add_workspace(self.site.meta.database, workspace)
        return (await self.site.meta.keys.create(number, "theirs", list(rights))).text


@pytest.fixture
async def shop(tmp_path: Path, engine: Engine) -> AsyncIterator[Shop]:
    folder = tmp_path / "spool"
    folder.mkdir()
    ledger = Ledger(tmp_path / "ledger" / "ledger.sqlite", max_bytes=1 << 24)
    spool: Spool[Any] = Spool(folder / "spool-00.sqlite", pack=pack, max_bytes=1 << 30)
    spool.start()
    ids = IdMaker(0)
    receipts = Receipts(folder, find_receipt)
    intake = Intake(
        Pipeline(spool, ids, retention_days=lambda: 30),
        receipts,
        limits=Limits(max_events=100, max_message_bytes=10_000),
        max_pending_bytes=1 << 24,
        outcomes=Outcomes(ledger),
    )
    holder: list[Shop] = []
    retries = Retries(
        Routes(PROTOCOLS),
        PROTOCOLS,
        intake=intake,
        find_grant=lambda *of: holder[0].find_grant(*of),  # noqa: PLW0108 - it is made later
        max_bytes=1 << 20,
        zone="Europe/Berlin",
    )
    async with running_site(tmp_path, engine, retries=retries) as site:
        holder.append(Shop(site, ledger, spool, folder))
        yield holder[0]
    await spool.close()
    receipts.close()
    await ledger.close()


async def test_counts_of_the_store_and_of_the_ledger_stand_side_by_side(
    shop: Shop, engine: Engine
) -> None:
    ids = IdMaker(3).take(5)
    events = [
        msgspec.structs.replace(event_at(0), id=number, workspace=1, key=1, protocol="seq")
        for number in ids
    ]
    await store_events(engine, [*events, msgspec.structs.replace(events[0], workspace=2)])
    counted = {"workspace": 1, "key": 1, "protocol": "seq"}
    shop.ledger.count(Outcome.REJECTED, reason="syntax", events=3, **counted)  # type: ignore[arg-type]
    shop.ledger.count(Outcome.LIMITED, reason="quota", requests=2, **counted)  # type: ignore[arg-type]
    await shop.ledger.write()

    told = await shop.ask("/receipts?since=1h")
    rows = {(row["outcome"], row["reason"]): row for row in told["rows"]}
    assert rows["stored", ""]["events"] == 5
    assert rows["rejected", "syntax"]["events"] == 3
    assert (rows["limited", "quota"]["events"], rows["limited", "quota"]["requests"]) == (0, 2)
    assert told["has_stored"]
    assert told["aside"] == {"events": 0, "lost_events": 0}
    sums = [step["counts"] for step in told["steps"] if step["counts"]]
    assert sums == [{"stored": 5, "rejected": 3, "limited": 2}]
    assert len(told["steps"]) <= 61
    narrowed = await shop.ask(
        "/receipts?since=1h&outcome=rejected&reason=syntax&protocol=seq&key=1"
    )
    assert [row["events"] for row in narrowed["rows"]] == [3]
    assert (await shop.ask("/receipts?since=1h&key=2"))["rows"] == []
    await shop.ask("/receipts?since=-1h&until=-2h", 400)
    await shop.ask("/receipts?outcome=eaten", 400)


async def test_whose_key_is_not_known_is_told_to_the_first_workspace_alone(shop: Shop) -> None:
    shop.ledger.count(
        Outcome.REFUSED, workspace=0, key=0, protocol="seq", reason="unauthorized", requests=9
    )
    await shop.ledger.write()
    theirs = await shop.key_of("other", Right.READ, Right.ADMIN)
    reader = (await shop.site.meta.keys.create(1, "reader", [Right.READ])).text

    assert [row["requests"] for row in (await shop.ask("/receipts"))["rows"]] == [9]
    for key in (theirs, reader):
        told = await shop.ask("/receipts", key=key)
        assert (told["rows"], told["aside"]) == ([], None)


async def test_a_refused_body_is_listed_looked_into_and_tried_again(shop: Shop) -> None:
    body = gzip.compress(b'{"Message":"pay","password":"hunter22"}')
    headers = {"content-type": "application/json", "content-encoding": "gzip"}
    [number] = await shop.keep(refused(body, headers=headers))

    [listed] = (await shop.ask("/receipts/refused"))["refused"]
    assert listed["faults"][0]["text"] == "…@example.org sent no JSON."
    assert (listed["state"], listed["events"]) == ("kept", None)
    shown = await shop.ask(f"/receipts/refused/{number}")
    assert shown["text"] == '{"Message":"pay","password":"…"}'
    assert "hunter22" not in str(shown)

    assert (await shop.retry(number))["stored_events"] == 1
    assert await shop.messages() == ["pay"]
    [listed] = (await shop.ask("/receipts/refused"))["refused"]
    assert listed["state"] == "stored"
    assert (await shop.ask(f"/receipts/refused/{number}"))["text"] == ""
    await shop.retry(number, 409)
    assert await shop.messages() == ["pay"]


async def test_of_a_mixed_body_only_what_was_refused_is_stored(shop: Shop) -> None:
    headers = {"content-type": "application/x-ndjson"}
    [number] = await shop.keep(
        refused(MIXED, path="/api/Logs", headers=headers, events=2, places=[1, 3], count=4)
    )
    await shop.retry(number)
    assert await shop.messages() == ["second", "last"]


async def _fail(*_: Any, **__: Any) -> Any:
    raise RuntimeError("the worker dies here")


def _after(step: Any) -> Any:
    async def die(*given: Any, **told: Any) -> Any:
        await step(*given, **told)
        raise RuntimeError("the worker dies here")

    return die


def _record_and_die(*given: Any, **told: Any) -> None:
    record_retry(*given, **told)
    raise RuntimeError("the worker dies here")


def _fail_now(*_: Any, **__: Any) -> Any:
    raise RuntimeError("the worker dies here")


DEATHS = {
    "before it is read": ("logster.ingest.intake.Intake.keep", _fail),
    "before it is on disk": ("logster.pipeline.Pipeline.accept", _fail),
    "after it is on disk": ("logster.pipeline.Pipeline.accept", _after(Pipeline.accept)),
    "after it is kept": ("logster.ingest.intake.Intake.keep", _after(Intake.keep)),
    "before that is written down": ("logster.web.retries.record_retry", _fail_now),
    "after that is written down": ("logster.web.retries.record_retry", _record_and_die),
}


@pytest.mark.parametrize("days", [0, 6.9])
@pytest.mark.parametrize("step", DEATHS)
async def test_a_retry_that_was_cut_short_stores_nothing_twice(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, step: str, days: float
) -> None:
    """The worker dies at some step; the body is tried again at once, or on its last day."""
    [number] = await shop.keep(refused())
    with monkeypatch.context() as patch:
        name, death = DEATHS[step]
        patch.setattr(name, death)
        if "kept" in step or "disk" in step or "read" in step:
            # What is not known is not written down, as when the process is gone.
            patch.setattr("logster.web.retries.record_retry", _fail_now)
        await shop.retry(number, 500)
    now = time.time
    monkeypatch.setattr(time, "time", lambda: now() + days * 86_400)
    is_settled = step == "after that is written down"
    await shop.retry(number, 409 if is_settled else 200)
    await shop.spool.append(_other_event(), 1)  # whatever is old is forgotten with it
    for _ in range(3):
        told = await shop.retry()
        assert told["bodies"] == 0
    assert (await shop.messages()).count("good") == 1


def _other_event() -> Any:
    columns = Columns(message=["other"], severity=[2], timestamp=[0])
    return Batch(columns, IdMaker(9).take(1), 0, 1, 1, "api_log")


async def test_the_same_body_refused_many_times_is_one_and_is_stored_once(shop: Shop) -> None:
    """A client sends it again and again, as it is never told that it was taken."""
    for _ in range(4):
        for _ in range(5):
            shop.ledger.keep(refused(reason="busy"))
        shop.ledger.keep(refused(key=2))
        await shop.ledger.write()
    [other, one] = (await shop.ask("/receipts/refused"))["refused"]
    assert (one["times"], other["times"]) == (20, 4)

    told = await shop.retry()
    assert (told["bodies"], told["stored_events"]) == (2, 2)
    await shop.keep(refused(reason="busy"))  # and again, though it is stored by now
    assert (await shop.retry())["bodies"] == 0
    assert await shop.messages() == ["good", "good"]


async def test_a_body_that_was_given_up_and_comes_again_is_stored_once(shop: Shop) -> None:
    [number] = await shop.keep(refused())
    await shop.retry(number)
    await shop.ask(f"/receipts/refused/{number}", 204, method="DELETE")
    [number] = await shop.keep(refused())
    await shop.retry(number)
    assert await shop.messages() == ["good"]


async def test_two_who_try_the_same_body_store_it_once(shop: Shop) -> None:
    [number] = await shop.keep(refused())
    await asyncio.gather(*(shop.retry(number) for _ in range(4)), return_exceptions=True)
    assert await shop.messages() == ["good"]


async def test_all_are_tried_again_oldest_first(shop: Shop) -> None:
    bodies = [b'{"Message":"%d"}' % number for number in range(5)]
    await shop.keep(
        *(refused(body) for body in bodies),
        refused(b"no json"),
        refused(b"cut", is_whole=False),
        refused(GOOD + b" ", reason="other"),
    )
    told = await shop.ask("/receipts/refused/retry?reason=media_type", method="POST")
    assert (told["bodies"], told["stored_events"], told["refused_bodies"]) == (6, 5, 1)
    assert (told["next"], told["left"]) == (None, 0)
    assert await shop.messages() == [str(number) for number in range(5)]
    again = await shop.ask("/receipts/refused?limit=200")
    tried = {each["state"]: each["tried"] for each in again["refused"] if each["tried"]}
    assert tried["kept"].startswith("refused: ")


async def test_many_are_tried_by_several_requests_up_to_those_that_were_there(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("logster.web.retries.MAX_RETRIES", 3)
    bodies = [b'{"Message":"%d"}' % number for number in range(8)]
    await shop.keep(*(refused(body) for body in bodies), refused(b"no json"))

    told = await shop.ask("/receipts/refused/retry", method="POST")
    lefts = [told["left"]]
    await shop.keep(refused(b'{"Message":"late"}'))
    while told["next"]:
        told = await shop.ask(f"/receipts/refused/retry?after={told['next']}", method="POST")
        lefts.append(told["left"])
    assert lefts == [6, 3, 0]
    assert await shop.messages() == [str(number) for number in range(8)]


@pytest.mark.parametrize("after", ["x", "1", "1-x", "1-2-3", "-", f"1-{2**63}", "9" * 30])
async def test_what_no_answer_gave_is_nothing_to_go_on_with(shop: Shop, after: str) -> None:
    await shop.ask(f"/receipts/refused/retry?after={after}", 400, method="POST")


async def test_when_nothing_is_taken_in_the_rest_is_told_and_stays(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    await shop.keep(*(refused(b'{"Message":"%d"}' % number) for number in range(3)))

    def refuse(*_: Any) -> None:
        raise SpoolFullError("full", 1)

    with monkeypatch.context() as patch:
        patch.setattr(shop.spool, "check_room", refuse)
        told = await shop.ask("/receipts/refused/retry", method="POST")
    assert (told["bodies"], told["left"], told["next"]) == (1, 3, None)
    assert "full" in told["text"]
    assert (await shop.retry())["stored_events"] == 3


async def test_a_body_that_a_mistake_of_ours_stops_keeps_none_behind_it(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    await shop.keep(*(refused(b'{"Message":"%d"}' % number) for number in range(3)))
    keep = Intake.keep

    async def stumble(intake: Intake, delivery: Any) -> Any:
        if b"0" in delivery.body.packed:
            raise RuntimeError
        return await keep(intake, delivery)

    monkeypatch.setattr(Intake, "keep", stumble)
    told = await shop.retry()
    assert (told["bodies"], told["stored_events"], told["refused_bodies"]) == (3, 2, 1)
    assert "An error has occurred" in told["text"]
    assert await shop.messages() == ["1", "2"]


async def test_a_body_tried_again_came_when_it_came_first_in_the_zone_of_the_server(
    shop: Shop,
) -> None:
    """A time without a year and a zone is read as on the day on which it was sent."""
    line = pack_frames(frames_of([b"<13>Dec 30 23:00:00 web app: late"]))
    told: dict[str, Any] = {"protocol": "syslog", "path": "", "method": "", "headers": {}}
    shop.ledger.keep(refused(line, at=1_767_139_200.0, **told))  # 2025-12-31T00:00:00Z
    [number] = await shop.keep(refused(line, **told))
    await shop.retry(number)
    claim = await shop.spool.take(1 << 30, 1 << 30)
    assert claim is not None
    [event] = unpack(claim.bodies[0])
    assert event.properties["OriginalTimestamp"] == "2025-12-30T22:00:00Z", "older than is kept"


async def test_what_is_not_whole_cannot_be_tried_again(shop: Shop) -> None:
    cut, unknown = await shop.keep(refused(is_whole=False), refused(b"other", events=1))
    for number in (cut, unknown):
        await shop.retry(number, 409)


async def test_a_key_that_was_revoked_sends_no_more(shop: Shop) -> None:
    [number] = await shop.keep(refused())
    shop.is_revoked = True
    told = await shop.retry(number)
    assert told["refused_bodies"] == 1
    assert "revoked" in told["text"]
    assert await shop.messages() == []


async def test_nobody_sees_or_tries_what_another_workspace_was_refused(shop: Shop) -> None:
    [number] = await shop.keep(refused())
    theirs = await shop.key_of("other", Right.READ, Right.ADMIN, Right.INGEST)

    assert (await shop.ask("/receipts/refused", key=theirs))["refused"] == []
    assert (await shop.ask("/receipts", key=theirs))["rows"] == []
    await shop.ask(f"/receipts/refused/{number}", 404, theirs)
    await shop.retry(number, 404, theirs)
    await shop.ask(f"/receipts/refused/{number}", 404, theirs, "DELETE")
    assert (await shop.retry(key=theirs))["bodies"] == 0
    for query in ("key=1", "protocol=' OR 1=1 --", "before=999999999", "reason=media_type"):
        assert (await shop.ask(f"/receipts/refused?{query}", key=theirs))["refused"] == []
    await shop.ask("/receipts/refused?workspace=1", 400, theirs)
    assert await shop.messages() == []
    assert (await shop.ask(f"/receipts/refused/{number}"))["refused"]["state"] == "kept"


async def test_who_may_only_read_sees_reasons_and_no_bodies(shop: Shop) -> None:
    [number] = await shop.keep(refused())
    reader = (await shop.site.meta.keys.create(1, "reader", [Right.READ])).text
    sender = (await shop.site.meta.keys.create(1, "sender", [Right.INGEST])).text

    assert len((await shop.ask("/receipts/refused", key=reader))["refused"]) == 1
    for key in (reader, sender):
        await shop.ask(f"/receipts/refused/{number}", 403, key)
        await shop.retry(number, 403, key)
        await shop.retry(status=403, key=key)
        await shop.ask(f"/receipts/refused/{number}", 403, key, "DELETE")
    await shop.ask("/receipts/refused", 403, sender)
    await shop.ask("/receipts", 403, sender)


async def test_a_page_of_another_site_tries_nothing_again(shop: Shop) -> None:
    [number] = await shop.keep(refused())
    async with shop.site.visit() as browser:
        await log_in(browser)
        path = f"/api/v1/receipts/refused/{number}/retry"
        assert (await browser.post(path)).status_code == 403
        assert (await browser.post(path, headers=csrf_of(browser))).status_code == 200


async def test_a_body_is_given_up(shop: Shop) -> None:
    [number] = await shop.keep(refused())
    await shop.ask(f"/receipts/refused/{number}", 204, method="DELETE")
    await shop.ask(f"/receipts/refused/{number}", 404)
    for strange in ("x", "-1", "9" * 30, "%00"):
        await shop.ask(f"/receipts/refused/{strange}", 404)


async def test_a_ledger_that_is_damaged_or_not_there_stops_nobody(shop: Shop) -> None:
    assert (await shop.ask("/receipts"))["rows"] == []
    assert (await shop.ask("/receipts/refused"))["refused"] == []
    path = shop.folder.parent / "ledger" / "ledger.sqlite"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"no database at all" * 1000)
    assert (await shop.ask("/receipts"))["rows"] == []
    await shop.ask("/receipts/refused", 503)


async def test_an_event_is_found_wherever_it_is(shop: Shop, engine: Engine) -> None:
    [number] = await shop.keep(refused())
    await shop.retry(number)
    claim = await shop.spool.take(1 << 30, 1 << 30)
    assert claim is not None
    [event] = unpack(claim.bodies[0])
    theirs = await shop.key_of("other", Right.READ)
    for place in ("waiting", "aside", "stored"):
        told = await shop.ask(f"/receipts/{event.id}")
        assert told["outcome"] == place
        assert (await shop.ask(f"/receipts/{event.id}", key=theirs))["outcome"] == "unknown"
        if place == "waiting":
            await shop.spool.set_aside(claim, [(Block(1, claim.bodies[0], 1), "no")])
        else:
            await store_events(engine, [event])
    assert told["event"]["message"] == "good"
    assert (await shop.ask("/receipts/5"))["outcome"] == "unknown"


@pytest.mark.parametrize(
    ("protocol", "identity", "asked"),
    [
        ("seq", "4bf92f35-77b3", "/receipts/4bf92f35-77b3"),
        ("elasticsearch", "shop/order-7", "/receipts/order-7"),
        ("elasticsearch", "shop/order-7", "/receipts/event?id=order-7"),
        ("elasticsearch", "shop/order-7", "/receipts/event?id=shop/order-7"),
        ("elasticsearch", "shop/a/b", "/receipts/event?id=a/b"),
        ("elasticsearch", "/order 7", "/receipts/event?id=order%207"),
    ],
)
async def test_an_event_is_found_by_the_id_that_its_client_gave_it(
    shop: Shop, engine: Engine, protocol: str, identity: str, asked: str
) -> None:
    first, number, elsewhere = IdMaker(3).take(3)
    event = msgspec.structs.replace(event_at(0), id=number, workspace=1)
    await store_events(engine, [event])
    with contextlib.closing(connect(shop.spool.path)) as database, database:
        known = {
            digest_of_identity(1, protocol, identity, 1): first,
            digest_of_identity(1, protocol, identity, 70_000): number,
            digest_of_identity(2, protocol, identity, 3): elsewhere,
            digest_of_identity(1, protocol, f"{identity}x", 1): elsewhere,
        }
        keep_digests(database, known, time.time())

    told = await shop.ask(asked)
    assert (told["outcome"], told["id"]) == ("stored", str(number)), "the newest, by any key"
    await shop.site.meta.keys.create(1, "x", [Right.READ])
    assert (await shop.ask(f"{asked}y"))["outcome"] == "unknown"


async def test_an_id_of_a_client_is_one_of_its_workspace(shop: Shop) -> None:
    with contextlib.closing(connect(shop.spool.path)) as database, database:
        digest = digest_of_identity(1, "seq", "4bf92f35-77b3", 1)
        keep_digests(database, {digest: IdMaker(3).take(1)[0]}, time.time())
    theirs = await shop.key_of("other", Right.READ)
    assert (await shop.ask("/receipts/4bf92f35-77b3", key=theirs))["outcome"] == "unknown"


async def test_more_than_can_be_looked_through_is_said(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    [number] = await shop.keep(refused())
    await shop.retry(number)
    claim = await shop.spool.take(1 << 30, 1 << 30)
    assert claim is not None
    [event] = unpack(claim.bodies[0])
    monkeypatch.setattr("logster.spool.lookup.MAX_LOOKED_BYTES", 10)
    told = await shop.ask(f"/receipts/{event.id}")
    assert told["outcome"] == "unknown"
    assert "more waits in the spool than can be looked through" in told["text"]


@pytest.mark.parametrize("key", [1 << 32, 1 << 63, 1 << 64, -1])
async def test_a_number_that_no_key_can_have_is_a_mistake(shop: Shop, key: int) -> None:
    for path in ("/receipts", "/receipts/refused"):
        await shop.ask(f"{path}?key={key}", 400)
    await shop.ask(f"/receipts/refused/retry?key={key}", 400, method="POST")
