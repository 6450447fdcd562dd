"""What pages of other sites may do at a route that lets them."""

from logster.ingest.cors import permit
from logster.ingest.protocol import Request

CORS = permit(sent=("Content-Type", "ApiKey"), read=("Retry-After",))
ASKED = {"origin": "https://shop.example", "access-control-request-method": "POST"}


def ask(method="OPTIONS", **headers):
    return CORS.preflight(
        Request(method=method, path="/x", query="", uri="http://logs.test/x", headers=headers)
    )


def test_a_browser_that_asks_is_told_what_its_page_may_send():
    reply = ask(**ASKED)
    assert reply.status == 204
    assert reply.body == b""
    assert dict(reply.headers) == {
        b"access-control-allow-origin": b"*",
        b"access-control-allow-methods": b"POST",
        b"access-control-allow-headers": b"Content-Type, ApiKey",
        b"access-control-max-age": b"86400",
    }


def test_what_is_no_such_question_gets_no_such_answer():
    assert ask("POST", **ASKED) is None
    assert ask(origin="https://shop.example") is None
    assert ask(**{"access-control-request-method": "POST"}) is None


def test_a_page_may_read_every_answer_and_the_headers_that_are_named():
    assert dict(CORS.headers) == {
        b"access-control-allow-origin": b"*",
        b"access-control-expose-headers": b"Retry-After",
    }
    assert dict(permit(sent=()).headers) == {b"access-control-allow-origin": b"*"}
