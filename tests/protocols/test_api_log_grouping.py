"""What a client says of grouping: its template, and its own fingerprint."""

from __future__ import annotations

import msgspec
import pytest

from logster.event import Event
from logster.ingest.protocols.native.lookup import reply_message
from support.native import ask, make_request

XML, FORM = "application/xml", "application/x-www-form-urlencoded"
TWO = b'{"fingerprint":["down","{{ default }}"]}'


def details_of(body: str, content_type: str = "application/json") -> bytes | None:
    answer = ask(body, content_type=content_type)
    assert answer.status == 200
    kept: bytes | None = answer.stored["details"]
    return kept


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        ('{"Message":"m","Fingerprint":["down","{{ default }}"]}', "application/json"),
        ('{"message":"m","fingerprint":[ "down" , null, "{{ default }}"]}', "application/json"),
        (
            (
                "<LogMessage><Message>m</Message><Fingerprint><string>down</string>"
                "<x>{{ default }}</x></Fingerprint></LogMessage>"
            ),
            XML,
        ),
        ("Message=m&Fingerprint=down&fingerprint[]={{ default }}", FORM),
    ],
)
def test_several_texts_are_a_fingerprint_in_every_format(body: str, content_type: str) -> None:
    assert details_of(body, content_type) == TWO


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        ('{"Message":"m","Fingerprint":"down"}', "application/json"),
        ('{"Message":"m","FINGERPRINT":["down"],"Severity":"2"}', "application/json"),
        (
            "<LogMessage><Message>m</Message><Fingerprint>down</Fingerprint></LogMessage>",
            XML,
        ),
        ("Message=m&Fingerprint=down", FORM),
    ],
)
def test_one_text_is_a_list_of_one(body: str, content_type: str) -> None:
    assert details_of(body, content_type) == b'{"fingerprint":["down"]}'


@pytest.mark.parametrize("said", ["null", "[]", '""', '[""]', "[null]"])
def test_a_fingerprint_that_says_nothing_is_none(said: str) -> None:
    assert details_of(f'{{"Message":"m","Fingerprint":{said}}}') is None


def test_numbers_and_booleans_are_text_as_in_every_member() -> None:
    kept = details_of('{"Message":"m","Fingerprint":[404,5.10,true]}')
    assert kept == b'{"fingerprint":["404","5.1","true"]}'
    assert details_of('{"Message":"m","Fingerprint":404}') == b'{"fingerprint":["404"]}'


@pytest.mark.parametrize("said", ['{"a":1}', '[{"a":1}]', '["a",["b"]]'])
def test_what_is_no_text_is_refused_by_its_name(said: str) -> None:
    answer = ask(f'{{"Message":"m","Fingerprint":{said}}}')
    assert answer.status == 400
    [[sentence]] = [answer.model_state["message.Fingerprint"]]
    assert sentence.startswith("Fingerprint must be text, but is an ")


def test_elements_within_a_text_are_refused() -> None:
    answer = ask(
        "<LogMessage><Message>m</Message><Fingerprint><a><b>x</b></a></Fingerprint></LogMessage>",
        content_type=XML,
    )
    assert answer.status == 400


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        ('{"Message":"a 1","Template":"a {n}"}', "application/json"),
        ('{"message":"a 1","template":"a {n}","severity":"1"}', "application/json"),
        ("<LogMessage><Message>a 1</Message><Template>a {n}</Template></LogMessage>", XML),
        ("Message=a+1&Template=a+{n}", FORM),
    ],
)
def test_a_template_is_kept_in_every_format(body: str, content_type: str) -> None:
    answer = ask(body, content_type=content_type)
    assert answer.stored["template"] == "a {n}"


def stored(**details: object) -> Event:
    return Event(
        id=1,
        timestamp=0,
        received_at=0,
        severity=4,
        message="a 1",
        template="a {n}",
        details=details,
    )


@pytest.mark.parametrize(
    ("said", "shown"),
    [(["down", "x"], ["down", "x"]), ("down", ["down"]), (None, None), ([1], None), ({}, None)],
)
def test_a_stored_message_gives_both_back(said: object, shown: object) -> None:
    reply = reply_message(stored(fingerprint=said), make_request(path="/api/Log/1", method="GET"))
    members = msgspec.json.decode(reply.body)
    assert (members["Template"], members.get("Fingerprint")) == ("a {n}", shown)


def test_what_is_given_back_as_xml_is_taken_back() -> None:
    request = make_request("GET", "/api/Log/1", {"accept": XML})
    reply = reply_message(stored(fingerprint=["down", "{{ default }}"]), request)
    assert details_of(reply.body.decode(), XML) == TWO
