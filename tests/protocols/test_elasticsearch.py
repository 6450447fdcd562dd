"""Elasticsearch's `_bulk`: what no recorded request can show."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logster.errors import BodyTooLargeError, InvalidBodyError
from logster.ingest.protocol import Limits, Request
from logster.ingest.protocols import PROTOCOLS
from logster.ingest.protocols.elasticsearch.dialect import PROTOCOL
from logster.ingest.routes import Routes
from support.recorded import LIMITS, events_of, receipt_of

BULK = Request(method="POST", path="/_bulk", query="", uri="/_bulk", headers={})
ROUTES = Routes(PROTOCOLS)


def lines(*values: Any) -> bytes:
    return b"".join(
        (value if isinstance(value, bytes) else json.dumps(value).encode()) + b"\n"
        for value in values
    )


def read(*values: Any, limits: Limits = LIMITS) -> list[dict[str, Any]]:
    return events_of(PROTOCOL.read(lines(*values), BULK, limits))


def answer(*values: Any) -> dict[str, Any]:
    reading = PROTOCOL.read(lines(*values), BULK, LIMITS)
    told: dict[str, Any] = json.loads(PROTOCOL.reply(receipt_of(reading), BULK).body)
    return told


DOCUMENTS = st.fixed_dictionaries(
    {},
    optional={
        "message": st.text() | st.integers() | st.none(),
        "log": st.fixed_dictionaries(
            {}, optional={"level": st.text(max_size=5), "offset": st.just(1)}
        ),
        "log.level": st.sampled_from(["info", "W", "loud", 50, 7, None, ["x"]]),
        "@timestamp": st.sampled_from(
            ["2026-11-30T08:15:30Z", 1796026530123, "never", 1e300, True]
        ),
        "service": st.just({"name": "shop", "node": {"name": "n"}}) | st.just("shop"),
        "user": st.just({"name": "ada"}) | st.just({}) | st.just("ada"),
        "error": st.just({"type": "E", "message": "m"}) | st.just("m"),
        "amount": st.floats(allow_nan=False, allow_infinity=False),
    },
)


@given(st.lists(DOCUMENTS, min_size=2, max_size=6))
def test_documents_mean_the_same_together_and_alone(documents: list[dict[str, Any]]) -> None:
    pairs: list[dict[str, Any]] = []
    for document in documents:
        pairs += [{"index": {}}, document]
    alone = [event for document in documents for event in read({"index": {}}, document)]
    assert read(*pairs) == alone
    assert read({"delete": {}}, *pairs) == alone


def test_each_item_is_answered_in_its_place_under_its_own_name() -> None:
    told = answer(
        {"index": {"_index": "a", "_id": 'own "id"'}},
        {"message": "one"},
        {"delete": {"_id": "x"}},
        {"create": {}},
        {"message": "two"},
    )

    assert told["errors"]
    first, second, third = told["items"]
    assert (first["index"]["_id"], first["index"]["status"]) == ('own "id"', 201)
    assert (second["delete"]["_id"], second["delete"]["status"]) == ("x", 400)
    assert (third["create"]["_id"], third["create"]["status"]) == ("2", 201)


def test_thousands_of_one_kind_are_answered_with_all_their_ids() -> None:
    told = answer(*[{"create": {"_index": "a"}}, {"message": "m"}] * 1000)

    assert not told["errors"]
    assert [item["create"]["_id"] for item in told["items"]] == [str(n) for n in range(1, 1001)]


def test_the_index_of_the_address_holds_where_the_action_names_none() -> None:
    request = Request(
        method="POST",
        path="/shop/_bulk",
        query="",
        uri="",
        headers={},
        params={"index": "shop"},
    )
    body = lines({"create": {}}, {"message": "m"}, {"create": {"_index": "cart"}}, {"message": "m"})
    events = events_of(PROTOCOL.read(body, request, LIMITS))
    assert [event["properties"]["_index"] for event in events] == ["shop", "cart"]


def test_an_id_is_one_of_its_index() -> None:
    body = lines({"index": {"_index": "a", "_id": 1}}, {}, {"index": {"_index": "b", "_id": 1}}, {})
    identities = PROTOCOL.read(body, BULK, LIMITS).identities
    assert identities is not None
    assert len(set(identities)) == 2


def test_a_batch_of_too_many_items_is_refused_whole() -> None:
    few = Limits(max_events=2, max_message_bytes=100)
    assert len(read({"create": {}}, {}, {"create": {}}, {}, limits=few)) == 2
    with pytest.raises(BodyTooLargeError, match="LOGSTER_MAX_BATCH_EVENTS"):
        read({"create": {}}, {}, {"delete": {}}, {"create": {}}, {}, limits=few)


def test_a_document_over_the_limit_is_an_item_that_is_refused() -> None:
    few = Limits(max_events=2, max_message_bytes=20)
    events = read(
        {"create": {}}, {"message": "x" * 20}, {"create": {}}, {"message": "m"}, limits=few
    )
    assert [event["message"] for event in events] == ["m"]


DEEP = 100_000
HOSTILE = {
    "open objects": lines({"create": {}}, b'{"a":' * DEEP),
    "closed objects": lines({"create": {}}, b'{"a":' * DEEP + b"1" + b"}" * DEEP),
    "deep but for a decoder": lines({"create": {}}, b'{"a":' * 300 + b"1" + b"}" * 300),
    "an action of arrays": lines(b'{"create":' + b"[" * DEEP),
    "a million members": lines(
        {"create": {}}, b"{" + b",".join(b'"k%d":%d' % (n, n) for n in range(1_000_000)) + b"}"
    ),
    "duplicate members": lines(
        {"create": {}}, b"{" + b'"message":"m",' * DEEP + b'"level":"info"}'
    ),
    "groups of groups": lines({"create": {}}, b'{"log":{' + b'"log":{"a":1},' * DEEP + b'"b":1}}'),
    "no UTF-8": lines({"create": {}}, b'{"msg":"\xff"}', {"create": {}}, b'{"log":{"\xff":1}}'),
    "no UTF-8 in the action": lines(b'{"create":{"_index":"\xff"}}', {"message": "m"}),
    "a huge line": lines({"create": {}}, b'{"message":"' + b"x" * (8 << 20) + b'"}'),
    "only line ends": b"\n" * 2_000_000,
    "only actions": lines(*[{"create": {}}] * 99_999),
    "only brackets": b"{}\n" * 199_998,
    "a huge id": lines({"index": {"_id": "x" * (1 << 20)}}, {"message": "m"}),
    "a shape each": b"".join(
        b'{"create":{}}\n{"k%d":1,"log":{"l%d":1}}\n' % (n, n) for n in range(30_000)
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_bodies_are_read_soon(name: str) -> None:
    started = time.process_time()
    try:
        reading = PROTOCOL.read(HOSTILE[name], BULK, LIMITS)
        PROTOCOL.reply(receipt_of(reading), BULK)
    except InvalidBodyError:
        assert name == "only line ends"
    assert time.process_time() - started < 5


@pytest.mark.parametrize(
    "path", ["/api/_bulk", "/api/v1/_bulk", "/metrics/_bulk", "/settings/_bulk", "/help/_refresh"]
)
def test_no_pattern_takes_an_address_of_the_server(path: str) -> None:
    match = ROUTES.find(path, "POST")
    assert match is None or match.protocol.name == "api_log"
