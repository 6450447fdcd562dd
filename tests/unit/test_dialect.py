"""ClickHouse's HTTP dialect: requests as clients write them."""

from __future__ import annotations

import contextlib
import gzip
import zlib
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logster import zstd
from logster.store.embedded import dialect
from logster.store.embedded.dialect import (
    BadRequestError,
    code_of,
    inflate,
    read_call,
    read_credentials,
    render_settings,
    status_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable

SQUEEZERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "zstd": zstd.compress,
}


@pytest.mark.parametrize(
    ("query_string", "body", "query", "data", "data_format"),
    [
        ("query=SELECT+1", b"", "SELECT 1\n", None, ""),
        ("", b"SELECT 1", "SELECT 1", None, ""),
        ("query=INSERT+INTO+t+FORMAT+CSV", b"1\n", "INSERT INTO t ", b"1\n", "CSV"),
        (
            "",
            b"insert into t (a) format JSONEachRow\n{}",
            "insert into t (a) ",
            b"{}",
            "JSONEachRow",
        ),
        ("", b"INSERT INTO t FORMAT Native\r\n\x01", "INSERT INTO t ", b"\x01", "Native"),
        ("", b"INSERT INTO t VALUES (1)", "INSERT INTO t VALUES (1)", None, ""),
        ("", b"INSERT INTO t SELECT 1", "INSERT INTO t SELECT 1", None, ""),
    ],
)
def test_a_statement_and_its_data_are_told_apart(
    query_string: str, body: bytes, query: str, data: bytes | None, data_format: str
) -> None:
    call = read_call(query_string, {}, body)
    assert (call.query, call.data, call.data_format) == (query, data, data_format)


def test_parameters_settings_and_the_interfaces_own_are_told_apart() -> None:
    call = read_call("query=x&param_a=1&max_threads=2&query_id=q&database=d&session_id=s", {}, b"")
    assert call.parameters == {"a": "1"}
    assert call.settings == {"max_threads": "2"}
    assert (call.query_id, call.database) == ("q", "d")


def test_long_parameters_come_in_a_form() -> None:
    body = (
        b'--x\r\nContent-Disposition: form-data; name="query"\r\n\r\nSELECT {a:String}\r\n'
        b'--x\r\nContent-Disposition: form-data; name="param_a"\r\n\r\n\xc3\xa9\r\n--x--\r\n'
    )
    call = read_call("", {"content-type": "multipart/form-data; boundary=x"}, body)
    assert call.query.strip() == "SELECT {a:String}"
    assert call.parameters == {"a": "é"}


@pytest.mark.parametrize("name", ["a;b", "A", "1a", "", "a'", "a b"])
def test_a_setting_that_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(BadRequestError):
        dialect._read_settings({name: "1"})


@given(st.text())
def test_a_settings_value_cannot_leave_its_quotes(value: str) -> None:
    text = render_settings({"a": value}).removeprefix("SET a = ")
    inside = text[1:-1].replace("\\\\", "").replace("\\'", "")
    assert "'" not in inside
    assert "\\" not in inside


@pytest.mark.parametrize(
    ("sql", "is_piecewise"),
    [
        ("SELECT 1", True),
        ("SELECT 1 FORMAT Native", True),
        ("SELECT 1 format JSONEachRow ;", True),
        ("SELECT 1 FORMAT JSON", False),
        ("SELECT 1 FORMAT ArrowStream", False),
        ("SELECT 1 FORMAT CSVWithNames -- x", False),
    ],
)
def test_only_formats_without_a_frame_are_sent_in_pieces(sql: str, is_piecewise: bool) -> None:
    assert read_call("", {}, sql.encode()).is_piecewise == is_piecewise


@pytest.mark.parametrize("encoding", SQUEEZERS)
def test_a_squeezed_body_is_inflated(encoding: str) -> None:
    assert inflate(SQUEEZERS[encoding](b"SELECT 1"), encoding) == b"SELECT 1"


@pytest.mark.parametrize("encoding", SQUEEZERS)
def test_a_bomb_is_refused(encoding: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dialect, "MAX_BODY_BYTES", 1000)
    with pytest.raises(BadRequestError, match="inflates"):
        inflate(SQUEEZERS[encoding](bytes(1001)), encoding)


@pytest.mark.parametrize("encoding", [*SQUEEZERS, "br"])
def test_a_body_that_is_not_what_it_says_is_refused(encoding: str) -> None:
    with pytest.raises(BadRequestError):
        inflate(b"SELECT 1", encoding)


@given(st.binary(max_size=40), st.sampled_from(["", "Basic ", "Basic Og==", "Bearer x"]))
def test_any_authorization_is_read_without_an_exception(noise: bytes, scheme: str) -> None:
    read_credentials("", {"authorization": scheme + noise.decode("latin-1")})


@given(st.text(max_size=30), st.binary(max_size=60), st.sampled_from(["", "multipart/form-data"]))
def test_any_request_is_read_or_refused(query_string: str, body: bytes, kind: str) -> None:
    with contextlib.suppress(BadRequestError):
        read_call(query_string, {"content-type": kind}, body)


def test_an_errors_code_decides_the_status() -> None:
    error = RuntimeError("Code: 60. DB::Exception: Table x does not exist.")
    assert (code_of(error), status_of(code_of(error))) == (60, 404)
    assert status_of(code_of(RuntimeError("?"))) == 500
