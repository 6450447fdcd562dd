"""HTTP in front of the intake: what is answered without it, and how refusals are told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from logster import metrics
from logster.config import Config
from logster.errors import LogsterError, SpoolFullError, UnauthorizedError
from logster.event import Batch, Columns, Rejection
from logster.ingest.cors import permit
from logster.ingest.http import Receiver
from logster.ingest.idempotency import Receipts
from logster.ingest.intake import Intake
from logster.ingest.outcomes import Outcomes
from logster.ingest.protocol import Limits, Protocol, Reading, Receipt, Reply, Request, Route
from logster.ingest.routes import Routes
from logster.meta.grants import Grant, Right
from support.asgi import Answer, ask
from support.ledger import MemoryLedger

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

CORS = permit(sent=("Key",), read=("Retry-After",))
PAGE = {"origin": "https://shop.example"}
BROWSER = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


class MemorySink:
    """A spool without a disk."""

    def __init__(self) -> None:
        self.kept: list[Batch] = []

    def check_room(self, size: int, key: int) -> None:
        pass

    async def pace(self) -> None:
        pass

    def stamp(self, columns: Columns, *, workspace: int, key: int, protocol: str) -> Batch:
        return Batch(columns, [*range(1, len(columns) + 1)], 0, workspace, key, protocol)

    async def accept(self, events: Batch, size: int, **_: Any) -> dict[int, int]:
        self.kept.append(events)
        return {}


def say(status: int, text: str) -> Reply:
    return Reply(status=status, headers=[(b"content-type", b"text/plain")], body=text.encode())


def read(body: bytes, _: Request, limits: Limits) -> Reading:
    if body == b"bug":
        raise ZeroDivisionError
    if body == b"half":
        bad = Rejection(line=2, reason="syntax", faults={})
        return Reading(columns=Columns(message=["half"], severity=[2]), rejections=[bad])
    return Reading(columns=Columns(message=[body.decode()], severity=[2]))


def refuse(error: LogsterError, _: Request) -> Reply:
    return say(error.status, f"refused: {error}")


def reply(receipt: Receipt, _: Request) -> Reply:
    return say(201, f"{len(receipt.ids)} kept")


async def show_index(request: Request) -> Reply:
    return say(200, f"index {request.params['index']}")


async def show_product(_: Request) -> Reply:
    return say(200, "product")


async def fail(_: Request) -> Reply:
    raise ZeroDivisionError


async def deny(_: Request) -> Reply:
    raise UnauthorizedError("no key")


WORDS = Protocol(
    name="words",
    routes=(
        Route(path="/words", cors=CORS),
        Route(path="/quiet"),
        Route(path="/{index}/words", methods=("GET",), answer=show_index, cors=CORS),
        Route(path="/", methods=("GET", "HEAD"), answer=show_product, leaves_pages=True),
        Route(path="/fails", methods=("GET",), answer=fail),
        Route(path="/denies", methods=("GET",), answer=deny),
    ),
    credentials=lambda request: request.headers.get("key"),
    read=read,
    reply=reply,
    refuse=refuse,
)


class Front:
    """The receiver as an application, with a page behind it."""

    def __init__(self, folder: Path) -> None:
        self.sink = MemorySink()
        limits = Limits(max_events=10, max_message_bytes=1000)
        receipts = Receipts(folder, lambda *_: None)
        self.intake = Intake(
            self.sink,
            receipts,
            limits=limits,
            max_pending_bytes=10_000,
            outcomes=Outcomes(MemoryLedger()),
        )
        self.receiver = Receiver(
            Routes([WORDS]),
            admit=self._admit,
            intake=self.intake,
            config=Config(max_message_bytes=1000),
        )

    async def _admit(self, key: str | None) -> Grant:
        if key != "good":
            raise UnauthorizedError("The key is unknown.")
        return Grant(workspace=1, key=1, rights=frozenset({Right.INGEST}))

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        match = self.receiver.find(scope)
        if match is None:
            await send({"type": "http.response.start", "status": 404, "headers": []})
            await send({"type": "http.response.body", "body": b"page"})
        else:
            await self.receiver.receive(match, scope, receive, send)

    async def ask(
        self, method: str, target: str, body: bytes | Sequence[bytes] = b"", /, **headers: str
    ) -> Answer:
        return await ask(self, method, target, body, **headers)


@pytest.fixture
def front(tmp_path: Path) -> Front:
    return Front(tmp_path)


def refused(reason: str) -> int:
    return metrics._pending.get((metrics.EVENTS, ("words", "refused", reason)), 0)


async def test_a_body_comes_to_its_protocol_whole(front: Front) -> None:
    answer = await front.ask("POST", "/words", [b"a", b"", b"bc"], key="good")

    assert (answer.status, answer.body) == (201, b"1 kept")
    assert [events.columns.message for events in front.sink.kept] == [["abc"]]
    assert front.sink.kept[0].protocol == "words"
    assert front.intake.pending_bytes == 0


async def test_a_refusal_is_told_in_the_protocols_words_and_counted(front: Front) -> None:
    before = refused("unauthorized"), refused("too_large")
    unknown = await front.ask("POST", "/words", b"a", key="bad")
    large = await front.ask("POST", "/words", [b"a" * 600, b"b" * 600], key="good")

    assert (unknown.status, unknown.body) == (401, b"refused: The key is unknown.")
    assert large.status == 413
    assert (refused("unauthorized"), refused("too_large")) == (before[0] + 1, before[1] + 1)
    assert front.sink.kept == []
    assert front.intake.pending_bytes == 0


async def test_a_mistake_of_ours_is_told_without_its_words_and_counted(
    front: Front, caplog: pytest.LogCaptureFixture
) -> None:
    before = refused("fault")
    sent = await front.ask("POST", "/words", b"bug", key="good")
    asked = await front.ask("GET", "/fails")

    for answer in (sent, asked):
        assert (answer.status, answer.body) == (500, b"refused: An error has occurred.")
    assert [record.getMessage() for record in caplog.records] == [
        "POST /words failed",
        "GET /fails failed",
    ]
    assert refused("fault") == before + 1


async def test_what_is_kept_and_cannot_be_answered_is_no_refusal(
    front: Front, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> Reply:
        raise UnicodeError

    before = refused("fault")
    broken = msgspec.structs.replace(WORDS, reply=fail)
    monkeypatch.setattr(front.receiver, "_routes", Routes([broken]))
    answer = await front.ask("POST", "/words", b"a", key="good")

    assert (answer.status, answer.body) == (500, b"refused: An error has occurred.")
    assert caplog.records[0].getMessage() == "POST /words was taken in, but not answered"
    assert len(front.sink.kept) == 1
    assert refused("fault") == before


async def test_a_success_says_how_many_events_were_refused(front: Front) -> None:
    answer = await front.ask("POST", "/words", b"half", key="good")
    assert (answer.status, answer.headers["logster-rejected"]) == (201, "1")
    whole = await front.ask("POST", "/words", b"whole", key="good")
    assert "logster-rejected" not in whole.headers


async def test_what_clients_ask_before_they_send_needs_no_key(front: Front) -> None:
    answer = await front.ask("GET", "/logs/words")

    assert (answer.status, answer.body) == (200, b"index logs")


async def test_an_answer_may_refuse_as_well(front: Front) -> None:
    answer = await front.ask("GET", "/denies")

    assert (answer.status, answer.body) == (401, b"refused: no key")


async def test_a_method_that_a_path_does_not_have_is_refused_with_those_it_has(
    front: Front,
) -> None:
    answer = await front.ask("DELETE", "/quiet")

    assert (answer.status, answer.headers["allow"]) == (405, "POST")
    assert answer.body == b"refused: The method DELETE is not answered here; send POST."


async def test_who_has_to_wait_is_told_how_long_also_by_a_dialect_that_does_not_say_it(
    front: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    def check_room(size: int, key: int) -> None:
        raise SpoolFullError("The spool is full.", 7)

    monkeypatch.setattr(front.sink, "check_room", check_room)
    answer = await front.ask("POST", "/words", b"a", key="good")

    assert (answer.status, answer.headers["retry-after"]) == (503, "7")


async def test_a_browser_is_led_past_what_is_for_programs(front: Front) -> None:
    assert (await front.ask("GET", "/")).body == b"product"
    assert (await front.ask("GET", "/", accept="*/*")).body == b"product"
    assert (await front.ask("GET", "/", **BROWSER)).body == b"page"
    assert (await front.ask("GET", "/", sec_fetch_mode="navigate")).body == b"page"
    assert (await front.ask("GET", "/logs/words", **BROWSER)).body == b"index logs"


async def test_pages_of_other_sites_may_send_where_a_route_says_so(front: Front) -> None:
    asked = await front.ask("OPTIONS", "/words", access_control_request_method="POST", **PAGE)
    assert asked.status == 204
    assert asked.headers["access-control-allow-headers"] == "Key"
    assert asked.headers["access-control-expose-headers"] == "Retry-After"

    sent = await front.ask("POST", "/words", b"a", key="good", **PAGE)
    refused = await front.ask("POST", "/words", b"a", **PAGE)
    shown = await front.ask("GET", "/logs/words", **PAGE)
    for answer in (sent, refused, shown):
        assert answer.headers["access-control-allow-origin"] == "*"
    plain = await front.ask("POST", "/words", b"a", key="good")
    assert "access-control-allow-origin" not in plain.headers


async def test_elsewhere_they_are_permitted_nothing(front: Front) -> None:
    asked = await front.ask("OPTIONS", "/quiet", access_control_request_method="POST", **PAGE)
    sent = await front.ask("POST", "/quiet", b"a", key="good", **PAGE)

    assert (asked.status, sent.status) == (405, 201)
    for answer in (asked, sent):
        assert not [name for name in answer.headers if name.startswith("access-control")]


def find_key(start: bytes) -> str | None:
    first, end, _ = start.partition(b"\n")
    return first.decode() if end else None


@pytest.mark.parametrize("pieces", [[b"good\nmore"], [b"go", b"od", b"\n", b"more"]])
async def test_a_key_may_stand_at_the_start_of_a_body(
    pieces: list[bytes], front: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    protocol = msgspec.structs.replace(WORDS, find_key=find_key)
    monkeypatch.setattr(front.receiver, "_routes", Routes([protocol]))
    answer = await ask(front, "POST", "/words", pieces)
    assert (answer.status, answer.body) == (201, b"1 kept")
    assert front.sink.kept[0].columns.message == ["good\nmore"]
    assert (await ask(front, "POST", "/words", b"bad\nmore")).status == 401
    # Behind the start nobody looks for one, and the head comes first.
    late = await ask(front, "POST", "/words", [b"x" * 5_000, b"\ngood"])
    assert late.status in (401, 413)
    assert (await ask(front, "POST", "/words", b"bad\nmore", key="good")).status == 201
    assert front.intake.pending_bytes == 0


def cut_lines(body: bytes) -> int:
    return body.rfind(b"\n") + 1


def read_lines(body: bytes, _: Request, limits: Limits) -> Reading:
    lines = body.decode().split()
    good = [line for line in lines if line != "bad"]
    bad = [
        Rejection(line=number, reason="syntax", faults={})
        for number, line in enumerate(lines, 1)
        if line == "bad"
    ]
    return Reading(columns=Columns(message=good, severity=[2] * len(good)), rejections=bad)


@pytest.fixture
def parts_front(front: Front, monkeypatch: pytest.MonkeyPatch) -> Front:
    monkeypatch.setattr("logster.ingest.parts.PART_BYTES", 100)
    protocol = msgspec.structs.replace(
        WORDS, cut=cut_lines, read=read_lines, reply=tell_lines, credentials=lambda _: "good"
    )
    front.receiver = Receiver(
        Routes([protocol]),
        admit=front._admit,
        intake=front.intake,
        config=Config(max_message_bytes=1000),
    )
    return front


def tell_lines(receipt: Receipt, _: Request) -> Reply:
    return say(201, f"{len(receipt.ids)} {[bad.line for bad in receipt.rejections]}")


async def test_a_body_without_an_end_is_kept_while_it_arrives(parts_front: Front) -> None:
    pieces = [
        b"".join(b"%d\n" % n for n in range(start, start + 40)) for start in range(0, 800, 40)
    ]
    pieces[3] += b"bad\nha"
    pieces[4] = b"lf\n" + pieces[4]
    answer = await parts_front.ask("POST", "/words", [*pieces, b""])
    assert (answer.status, answer.body) == (201, b"801 [161]")
    assert answer.headers["logster-rejected"] == "1"
    kept = [batch.columns.message for batch in parts_front.sink.kept]
    assert len(kept) > 10
    expected = [*map(str, range(160)), "half", *map(str, range(160, 800))]
    assert [text for texts in kept for text in texts] == expected
    assert parts_front.intake.pending_bytes == 0


async def test_with_a_key_for_resends_a_body_is_kept_whole(parts_front: Front) -> None:
    pieces = [b"a\n" * 60] * 3
    answer = await parts_front.ask("POST", "/words", pieces, idempotency_key="once")
    assert answer.status == 201
    assert len(parts_front.sink.kept) == 1


async def test_what_has_no_end_of_a_part_is_refused_at_the_limit(parts_front: Front) -> None:
    answer = await parts_front.ask("POST", "/words", [b"a\n" * 60, *[b"x" * 300] * 4, b"\n"])
    assert answer.status == 413
    assert len(parts_front.sink.kept) == 1  # its sender comes again with all of it
    assert parts_front.intake.pending_bytes == 0


async def test_each_part_gives_the_next_one_all_the_time(parts_front: Front) -> None:
    renewals: list[int] = []

    async def renewing(scope: dict[str, Any], receive: Any, send: Any) -> None:
        extensions = {"logster.renew": lambda: renewals.append(1)}
        await parts_front({**scope, "extensions": extensions}, receive, send)

    answer = await ask(renewing, "POST", "/words", [b"a\n" * 60] * 5)
    assert answer.status == 201
    assert len(renewals) == len(parts_front.sink.kept) - 1 > 1
