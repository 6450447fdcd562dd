"""ClickHouse's HTTP dialect: requests as clients write them."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logster.store.embedded import dialect
from logster.store.embedded.dialect import read_call, read_credentials
from logster.store.embedded.inflation import BadRequestError


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


@given(st.binary(max_size=40), st.sampled_from(["", "Basic ", "Basic Og==", "Bearer x"]))
def test_any_authorization_is_read_without_an_exception(noise: bytes, scheme: str) -> None:
    read_credentials("", {"authorization": scheme + noise.decode("latin-1")})


@given(st.text(max_size=30), st.binary(max_size=60), st.sampled_from(["", "multipart/form-data"]))
def test_any_request_is_read_or_refused(query_string: str, body: bytes, kind: str) -> None:
    with contextlib.suppress(BadRequestError):
        read_call(query_string, {"content-type": kind}, body)
