"""What the native API says, and in which form."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest

from logster.errors import (
    BodyTooLargeError,
    ForbiddenError,
    InvalidBodyError,
    QuotaError,
    RefusedError,
    RetryLaterError,
    SpoolFullError,
    UnauthorizedError,
)
from logster.event import Event
from logster.ingest.protocols.native import api_log
from logster.ingest.protocols.native.lookup import render_instant, reply_message
from logster.ingest.protocols.native.refusals import refuse
from support.native import Answer, ask, make_request

if TYPE_CHECKING:
    from logster.ingest.protocol import Reply

JSON = "application/json; charset=utf-8"
XML = "application/xml; charset=utf-8"
TEXT_XML = "text/xml; charset=utf-8"
TEXT_JSON = "text/json; charset=utf-8"
NO_CONTENT_TYPE = (
    "The request contains an entity body but no Content-Type header. "
    "The inferred media type 'application/octet-stream' is not supported for this resource."
)


def message_of(reply: Reply) -> str:
    return str(msgspec.json.decode(reply.body)["Message"])


# --- content types (B 6) ------------------------------------------------------------------


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "text/json",
        "APPLICATION/JSON",
        "application/json; a=b; charset=bogus",
        "application/json;",
        " application/json ;v=1",
        'application/json; a="x;y,z"',
        "*/*",
        "application/*",
        "text/*",
    ],
)
def test_json_is_known_by_these_names(content_type: str | None) -> None:
    assert ask('{"Message":"m"}', content_type=content_type).status == 200


@pytest.mark.parametrize(
    "content_type",
    [
        "application/vnd.api+json",
        "application/problem+json",
        "text/plain",
        "text/html",
        "text/javascript",
        "multipart/form-data",
        "application/octet-stream",
    ],
)
def test_any_other_type_is_refused_by_its_name(content_type: str | None) -> None:
    answer = ask('{"Message":"m"}', content_type=f"{content_type}; charset=utf-8")
    assert answer.status == 415
    assert answer.json == {
        "Message": f"The request entity's media type '{content_type}' "
        "is not supported for this resource."
    }


@pytest.mark.parametrize(
    "content_type",
    [None, "", "json", "a/b, c/d", "/json", "application/", "a b/c", "text/json; charset=a b"],
)
def test_a_type_that_cannot_be_read_counts_as_absent(content_type: str | None) -> None:
    answer = ask('{"Message":"m"}', content_type=content_type)
    assert answer.status == 415
    assert answer.json == {"Message": NO_CONTENT_TYPE}
    assert ask("", content_type=content_type).status == 415


@pytest.mark.parametrize("content_type", [None, "text/plain", "application/xml", "json"])
def test_without_a_body_any_type_will_do(content_type: str | None) -> None:
    answer = ask("", content_type=content_type, content_length="0", accept="application/json")
    assert answer.status == 400
    assert answer.model_state == {"message.Message": ["The Message field is required."]}


# --- negotiation (B 7) --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        (None, JSON),
        ("*/*", JSON),
        ("application/json", JSON),
        ("application/*", JSON),
        ("text/html", JSON),
        ("image/png", JSON),
        ("garbage", JSON),
        ("application/json;q=0", JSON),
        ("text/json", TEXT_JSON),
        ("text/*", TEXT_JSON),
        ("application/xml", XML),
        ("text/xml", TEXT_XML),
        ("TEXT/XML", TEXT_XML),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", XML),
        ("application/xml,application/json", JSON),
        ("application/xml;q=0.5,application/json;q=0.5", JSON),
        ("application/xml;q=0.2,*/*;q=0.9", JSON),
        ("*/*;q=0.1,text/xml;q=0.2", TEXT_XML),
        ("*/*,application/xml", XML),
        ("text/xml,*/*", TEXT_XML),
        ("text/*,text/xml", TEXT_XML),
        ("text/xml,application/xml", TEXT_XML),
        ("application/xml,text/xml", XML),
        ("application/xml;q=0,text/xml", TEXT_XML),
        ("application/xml;charset=utf-16", XML),
        ("application/xml, garbage", JSON),
        ("application/xml,,", XML),
        ('application/xml;a=",";q=1', XML),
        ("application/xml;q=.2,application/json;q=.1", XML),
        ("application/xml;q=x", XML),
        # As Java's own client sends it: the * alone makes the whole header unreadable.
        ("application/xml, *; q=.2, */*; q=.2", JSON),
    ],
)
def test_the_answer_to_json_follows_accept(accept: str | None, content_type: str | None) -> None:
    headers = {} if accept is None else {"accept": accept}
    assert ask('{"Message":"m"}', **headers).headers["content-type"] == content_type
    assert ask("{}", **headers).headers["content-type"] == content_type
    refused = ask("x", content_type="text/plain", **headers)
    assert refused.headers["content-type"] == content_type


@pytest.mark.parametrize(
    ("headers", "content_type"),
    [
        ({}, XML),
        ({"accept": "text/html"}, XML),
        ({"accept": "image/png"}, XML),
        ({"accept": "*/*"}, JSON),
        ({"x-requested-with": "XMLHttpRequest"}, JSON),
        ({"x-requested-with": "a xmlhttprequest b", "accept": "*/*"}, JSON),
        ({"x-requested-with": "XMLHttpRequest", "accept": "text/html"}, XML),
        ({"x-requested-with": "XMLHttpRequest", "accept": "text/xml"}, TEXT_XML),
        ({"x-requested-with": "XMLHttpRequest", "accept": "garbage"}, JSON),
        ({"x-requested-with": "com.app"}, XML),
    ],
)
def test_the_answer_to_xml_is_xml_unless_a_script_asks(
    headers: dict[str, str], content_type: str | None
) -> None:
    answer = ask(
        "<LogMessage><Message>m</Message></LogMessage>", content_type="application/xml", **headers
    )
    assert (answer.status, answer.headers["content-type"]) == (200, content_type)


def test_text_json_and_text_xml_are_answered_in_kind() -> None:
    assert ask('{"Message":"m"}', content_type="text/json").headers["content-type"] == TEXT_JSON
    assert ask("x", content_type="text/xml").headers["content-type"] == TEXT_XML
    form = ask("Message=m", content_type="application/x-www-form-urlencoded")
    assert form.headers["content-type"] == JSON


@pytest.mark.parametrize(
    ("accept_charset", "charset"),
    [
        ("utf-16", "utf-16"),
        ("UTF-16", "utf-16"),
        ("utf-8", "utf-8"),
        ("*", "utf-8"),
        ("iso-8859-1", "utf-8"),
        ("utf-16;q=0", "utf-8"),
        ("utf-16be", "utf-8"),
        ("utf-16;q=0.5,*", "utf-8"),
        ("utf-16,*", "utf-16"),
        ("*,utf-16", "utf-16"),
        ("utf-8;q=0.5,utf-16", "utf-16"),
        ("unicode-1-1-utf-7, utf-16;q=0.2", "utf-16"),
        ("utf-16, a b", "utf-8"),
    ],
)
def test_the_charset_follows_accept_charset(accept_charset: str, charset: str) -> None:
    for accept, media in (("*/*", "application/json"), ("text/xml", "text/xml")):
        answer = ask('{"Message":"m"}', accept=accept, accept_charset=accept_charset)
        assert answer.headers["content-type"] == f"{media}; charset={charset}"
        assert answer.body.startswith(b"\xff\xfe") is (charset == "utf-16")
        assert "101" in answer.body.decode(charset)


def test_a_utf16_request_is_answered_in_utf16() -> None:
    body = '{"Message":"m"}'.encode("utf-16-le")
    answer = ask(body, content_type="application/json; charset=utf-16")
    assert answer.body == b"\xff\xfe" + '{"MessageId":"101"}'.encode("utf-16-le")
    answer = ask(body, content_type="application/json; charset=utf-16", accept_charset="utf-8")
    assert answer.body == b'{"MessageId":"101"}'


# --- bodies (B 2, 7.1) --------------------------------------------------------------------


def test_success_in_xml_is_a_data_contract() -> None:
    assert ask('{"Message":"m"}', accept="application/xml").body.decode() == (
        '<LogResult xmlns:i="http://www.w3.org/2001/XMLSchema-instance" '
        'xmlns="http://schemas.datacontract.org/2004/07/Logster.Core">'
        "<MessageId>101</MessageId></LogResult>"
    )


def test_both_seed_errors_are_byte_exact() -> None:
    answer = ask('{"Severity":9}')
    assert len(answer.body) == 172
    assert answer.body == (
        b'{"Message":"The request is invalid.","ModelState":{"message.Message":'
        b'["The Message field is required."],"message.Severity":'
        b'["The field Severity must be between 0 and 6."]}}'
    )


def test_json_escapes_are_those_of_json_net() -> None:
    answer = ask("Message=m&Severity=%22%5C%01%1F%7F%0A%C2%85%E2%80%A8%E2%80%A9<>/'é".encode(),
                 content_type="application/x-www-form-urlencoded")  # fmt: skip
    assert answer.body.decode().endswith(
        "The value '\\\"\\\\\\u0001\\u001f\x7f\\n\\u0085\\u2028\\u2029<>/'é' "
        'is not valid for Severity."]}}'
    )


@pytest.mark.parametrize(
    ("body", "element", "said"),
    [
        ('{"Message":"m","x":[[1,}]}', "message.x_x005B_0_x005D__x005B_0_x005D_", 2),
        ('{"Message":"m","a:b":tru}', "message.a_x003A_b", 2),
        ('{"Message":"m","$":tru}', "message._x0024_", 2),
        ('{"Message":"m","_x0041_":tru}', "message._x005F_x0041_", 2),
        ('{"Message":"m","é😀":tru}', "message.é_x0001F600_", 2),
        ('{"Message":"m","a.b":tru}', "message_x005B__x0027_a.b_x0027__x005D_", 2),
        ("{", "message", 2),
    ],
)
def test_json_that_cannot_be_parsed_is_answered_in_xml_as_the_original_did(
    body: str, element: str, said: int
) -> None:
    answer = ask(body, accept="application/xml")
    told = " ".join(["An error has occurred."] * said)
    assert answer.body.decode() == (
        "<Error><Message>The request is invalid.</Message>"
        f"<ModelState><{element}>{told}</{element}></ModelState></Error>"
    )


def test_a_message_without_value_is_missing_too_in_xml() -> None:
    answer = ask('{"Message":}', accept="application/xml").body.decode()
    assert "occurred. An error has occurred. The Message field is required.<" in answer


def test_other_faults_keep_their_advice_in_xml() -> None:
    assert "from 0 to 6" in ask('{"Message":"m","Severity":"x"}', accept="text/xml").body.decode()
    assert "not valid XML" in ask("<a", content_type="text/xml").body.decode()


def test_text_in_xml_is_always_well_formed() -> None:
    body = ask(
        "Message=m&Severity=<%26>%01%0D",
        content_type="application/x-www-form-urlencoded",
        accept="text/xml",
    ).body.decode()
    assert "'&lt;&amp;&gt;\ufffd&#xD;'" in body


# --- the router's answers (B 2, 8, 9) -----------------------------------------------------


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("/api/Nope", "/api/Nope"),
        ("/api/Nope?x=1&y=%20z", "/api/Nope?x=1&y= z"),
        ("/api/%C3%A9%3C%27%3E", "/api/é<'>"),
        ("/api/a%2Fb%3Fc%23d%25e%26", "/api/a%2Fb%3Fc%23d%25e%26"),
        ("/api/%0A%7F%C2%80%ff%c3", "/api/%0A%7F%C2%80%FF%C3"),
        ("/api/100%", "/api/100%"),
    ],
)
def test_an_unknown_address_is_told_back_partly_unescaped(path: str, shown: str) -> None:
    answer = ask("", path=path)
    assert answer.status == 404
    assert answer.headers["link"] == '</Help>; rel="help"'
    message = answer.json["Message"]
    assert message == (
        f"No HTTP resource was found that matches the request URI 'http://api.logster.io{shown}'."
    )


@pytest.mark.parametrize(
    "method", ["GET", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "get", "BREW"]
)
def test_another_method_is_named_as_sent(method: str) -> None:
    answer = ask("", method=method)
    assert (answer.status, answer.headers["allow"]) == (405, "POST")
    assert answer.json == {
        "Message": f"The requested resource does not support http method '{method}'."
    }


def test_head_has_no_body() -> None:
    answer = ask("", method="HEAD", content_type=None)
    assert (answer.status, answer.body, answer.headers["content-type"]) == (405, b"", JSON)


@pytest.mark.parametrize(
    "answer", [{}, {"method": "GET"}, {"path": "/api/x"}, {"content_type": "a/b"}]
)
def test_every_answer_is_not_to_be_cached(answer: dict[str, str]) -> None:
    headers = ask('{"Message":"m"}', **answer).headers
    assert [headers[name] for name in ("cache-control", "pragma", "expires")] == [
        "no-cache", "no-cache", "-1",
    ]  # fmt: skip
    assert "access-control-allow-origin" not in headers


@pytest.mark.parametrize("origin", ["http://a.com", "null", "file://"])
@pytest.mark.parametrize(
    "answer", [{}, {"method": "GET"}, {"path": "/api/x"}, {"content_type": "a/b"}]
)
def test_any_origin_may_read_any_answer(answer: dict[str, str], origin: str) -> None:
    headers = ask("{}", **answer, origin=origin).headers
    assert headers["access-control-allow-origin"] == "*"
    assert "vary" not in headers


def preflight(**headers: str) -> Answer:
    return ask("", method="OPTIONS", content_type=None, origin="http://a.com", **headers)


@pytest.mark.parametrize(
    ("asked", "allowed"),
    [
        (None, "ApiKey,Content-Type"),
        ("content-type, apikey", "content-type,apikey"),
        ("X-A,Origin, accept ,Accept-Language,Content-Language", "X-A,ApiKey,Content-Type"),
    ],
)
def test_a_preflight_is_allowed_what_it_asks(asked: str | None, allowed: str) -> None:
    headers = {} if asked is None else {"access-control-request-headers": asked}
    answer = preflight(access_control_request_method="POST", **headers)
    assert (answer.status, answer.body) == (200, b"")
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["access-control-allow-headers"] == allowed
    assert answer.headers["cache-control"] == "no-cache"
    assert "access-control-allow-methods" not in answer.headers
    assert "content-type" not in answer.headers


def test_a_preflight_for_another_method_names_it() -> None:
    answer = preflight(access_control_request_method="PUT")
    assert answer.headers["access-control-allow-methods"] == "PUT"


def test_a_preflight_without_a_method_is_refused() -> None:
    answer = preflight(access_control_request_method="")
    assert answer.status == 400
    assert answer.json == {
        "Message": 'The "Access-Control-Request-Method" header value cannot be null or empty.'
    }


def test_options_that_asks_nothing_is_another_method() -> None:
    assert preflight().status == 405
    assert ask("", method="OPTIONS", access_control_request_method="POST").status == 405


# --- refusals -----------------------------------------------------------------------------


def test_a_missing_key_is_told_in_the_originals_words() -> None:
    reply = refuse(UnauthorizedError("the key was revoked"), make_request())
    assert reply.status == 401
    assert message_of(reply) == "Authorization has been denied for this request."


@pytest.mark.parametrize(
    ("error", "status"), [(ForbiddenError("no right"), 403), (BodyTooLargeError("too big"), 413)]
)
def test_other_refusals_say_what_is_wrong(error: RefusedError, status: int) -> None:
    reply = refuse(error, make_request())
    assert (reply.status, message_of(reply)) == (status, str(error))


@pytest.mark.parametrize(
    ("error", "status"), [(QuotaError("slow down", 7), 429), (SpoolFullError("full", 30), 503)]
)
def test_a_refusal_for_now_says_when_to_try_again(error: RetryLaterError, status: int) -> None:
    reply = refuse(error, make_request())
    assert reply.status == status
    assert (b"retry-after", str(error.retry_after_s).encode()) in reply.headers


def test_a_refusal_can_be_xml() -> None:
    reply = refuse(ForbiddenError("<no>"), make_request(headers={"accept": "text/xml"}))
    assert reply.body == b"<Error><Message>&lt;no&gt;</Message></Error>"


def test_a_body_that_cannot_be_read_carries_its_faults() -> None:
    reply = refuse(InvalidBodyError({"message": ["why"]}, "syntax"), make_request())
    assert reply.body == b'{"Message":"The request is invalid.","ModelState":{"message":["why"]}}'


# --- keys ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "query", "key"),
    [
        ({"apikey": " k "}, "", "k"),
        ({"x-api-key": "k"}, "", "k"),
        ({"authorization": "Bearer k"}, "", "k"),
        ({"authorization": "bearer  k "}, "", "k"),
        ({}, "?a=1&apiKey=k%20k&APIKEY=x", "k k"),
        ({"apikey": "k", "authorization": "Bearer x"}, "?apiKey=y", "k"),
        ({"authorization": "Basic eDp5"}, "", "y"),
        ({"x-seq-apikey": "k"}, "", "k"),
        ({"authorization": "Bearer "}, "", None),
        ({}, "?key=k", None),
        ({}, "", None),
    ],
)
def test_a_key_is_found_wherever_clients_put_it(
    headers: dict[str, str], query: str, key: str
) -> None:
    assert api_log.credentials(make_request(path=f"/api/Log{query}", headers=headers)) == key


# --- a stored message ---------------------------------------------------------------------

STORED = Event(
    id=7892,
    timestamp=1_769_847_330_123_000_000,
    received_at=1_769_847_331_000_000_001,
    severity=4,
    message="m <é>",
    user="",
    properties={"a": [1, None]},
)


def test_a_stored_message_has_the_native_names() -> None:
    reply = reply_message(STORED, make_request(method="GET", path="/api/Log/7892"))
    assert reply.status == 200
    assert msgspec.json.decode(reply.body) == {
        "MessageId": "7892",
        "Exception": None,
        "Message": "m <é>",
        "StackTrace": None,
        "Severity": 4,
        "Category": None,
        "Application": None,
        "User": "",
        "Timestamp": "2026-01-31T08:15:30.123Z",
        "ReceivedAt": "2026-01-31T08:15:31.000000001Z",
        "Host": None,
        "Environment": None,
        "Release": None,
        "TraceId": None,
        "SpanId": None,
        "Properties": {"a": [1, None]},
    }


def test_a_stored_message_in_xml_can_be_posted_again() -> None:
    request = make_request(method="GET", headers={"accept": "application/xml"})
    body = reply_message(STORED, request).body
    stored = ask(body, content_type="application/xml").stored
    assert (stored["message"], stored["user"], stored["severity"]) == ("m <é>", "", 4)
    assert stored["application"] is None
    assert stored["timestamp"] == STORED.timestamp
    assert msgspec.json.decode(stored["properties"])["a"] == [1, None]


@pytest.mark.parametrize(
    ("instant", "text"),
    [
        (0, "1970-01-01T00:00:00.000Z"),
        (-1, "1969-12-31T23:59:59.999999999Z"),
        (1_500_000, "1970-01-01T00:00:00.0015Z"),
        (-62135596800_000000000, "0001-01-01T00:00:00.000Z"),
        (253402300799_999_000_000, "9999-12-31T23:59:59.999Z"),
    ],
)
def test_an_instant_shows_the_digits_it_needs(instant: int, text: str) -> None:
    assert render_instant(instant) == text
