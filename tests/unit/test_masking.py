"""What a person is shown of a refused body: no secrets, in bounded time."""

from __future__ import annotations

import gzip
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logster import zstd
from logster.web.bodies import MAX_SHOWN_BYTES, render_body
from logster.web.masking import mask

SECRETS = [
    '{"password":"S3CRET","n":1}',
    '{"dbPassword" : "S3CRET"}',
    '{"apiKey": S3CRET}',
    '{"nested":"{\\"token\\":\\"S3CRET\\"}"}',
    '{"password":"S3CRET',
    '{"password":"a\\"S3CRET"}',
    "api_key=S3CRET&x=1",
    "level=info password='S3CRET and more' msg=hi",
    'secret="S3CRET"',
    "Authorization: Bearer S3CRET12345",
    "X-Auth-Token: S3CRET",
    "Cookie: S3CRET",
    "https://S3CRET:pw@example.org/x",
    '{"dsn":"https://S3CRET@o1.example/1"}',
    "<Password>S3CRET</Password>",
    '<ns:secretKey type="x">S3CRET</ns:secretKey>',
    "-----BEGIN RSA PRIVATE KEY-----\nS3CRET\n-----END RSA PRIVATE KEY-----",
    "-----BEGIN PRIVATE KEY-----\nS3CRET",
    "ghp_S3CRET7890123456789012",
    "lgs_S3CRET123456",
    "eyJS3CRET1234.payload.sum",
    "mail S3CRET@example.org now",
]


@pytest.mark.parametrize("text", SECRETS)
def test_secrets_are_hidden(text):
    assert "S3CRET" not in mask(text)
    assert "…" in mask(text)


@pytest.mark.parametrize(
    "text",
    [
        '{"Message":"order 17 took 5 ms","Severity":2}',
        "2026-12-01T12:00:00Z INFO at Shop.Pay(Order order) in Pay.cs:line 42",
        "sent at 1733054400000, id 386127927508467712",
        "https://example.org/a@b",
    ],
)
def test_what_is_no_secret_stays(text):
    assert mask(text) == text


def test_of_a_card_four_digits_stay():
    assert mask("card 4111 1111 1111 1111.") == "card …1111."
    assert mask("4111111111111112") == "4111111111111112"  # its sum does not fit


@pytest.mark.parametrize(
    "piece",
    ["a", "1 ", "password", '"token":"', '\\"token\\":\\"', "a.", "<password ", "://", "@a."],
)
def test_hostile_text_takes_no_square_of_time(piece):
    began = time.process_time()
    mask(piece * (MAX_SHOWN_BYTES // len(piece)))
    assert time.process_time() - began < 3


@given(st.binary(max_size=300), st.sampled_from(["", "gzip", "deflate", "zstd", "br", "x"]))
def test_any_bytes_are_shown_somehow(body, encoding):
    assert len(render_body(body, encoding).text) <= MAX_SHOWN_BYTES


@pytest.mark.parametrize(
    ("encoding", "pack"), [("gzip", gzip.compress), ("zstd", zstd.compress), ("", bytes)]
)
def test_a_packed_body_is_shown_unpacked_and_a_bomb_is_not(encoding, pack):
    shown = render_body(pack(b"x" * 20_000_000), encoding)
    assert (shown.text, shown.is_cut) == ("x" * MAX_SHOWN_BYTES, True)


def test_a_binary_body_is_said_to_be_one():
    assert render_body(bytes(range(256)), "").is_binary
    assert not render_body("größe\n".encode(), "").is_binary
