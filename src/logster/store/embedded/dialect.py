"""ClickHouse's HTTP interface, as far as clients of an event store use it.

In: a request's query string, headers and body. Out: a `Call` for the engine; the headers and the
last words of an answer. Promise: pure.

Follows the server's own interface (https://clickhouse.com/docs/interfaces/http), so
that ClickHouse's clients work on the built-in engine unmodified.
"""

from __future__ import annotations

import base64
import re
from email import policy
from email.parser import BytesParser
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

import msgspec

from logster.store.embedded.inflation import BadRequestError, inflate

if TYPE_CHECKING:
    from collections.abc import Mapping


#: Formats whose answers may be sent in pieces: each piece is a whole of its own, without a header.
PIECEWISE_FORMATS = frozenset(
    {
        "native",
        "jsoneachrow",
        "tabseparated",
        "tsv",
        "tabseparatedraw",
        "tsvraw",
        "csv",
        "rowbinary",
    }
)
DEFAULT_FORMAT = "TabSeparated"


_SETTING_NAME = re.compile(r"[a-z][a-z0-9_]*")
#: Parameters of the interface itself; every other name is a setting of the engine.
_NOT_SETTINGS = frozenset(
    {
        "query",
        "query_id",
        "database",
        "default_format",
        "user",
        "password",
        "session_id",
        "session_timeout",
        "session_check",
        "client_protocol_version",
        "quota_key",
        "role",
        "compress",
        "decompress",
        "buffer_size",
        "wait_end_of_query",
        # Answered by closing the connection, and by headers; not needed by the engine.
        "cancel_http_readonly_queries_on_client_close",
        "enable_http_compression",
        "http_headers_progress_interval_ms",
        "send_progress_in_http_headers",
    }
)
_INSERT = re.compile(rb"\s*insert\s", re.IGNORECASE)
_FORMAT_AT_END = re.compile(r"\bFORMAT\s+([A-Za-z0-9]+)[\s;]*$", re.IGNORECASE)
_INSERT_FORMAT = re.compile(rb"\bFORMAT\s+([A-Za-z0-9]+)[ \t]*(?:\r?\n|$)", re.IGNORECASE)
_KILL = re.compile(
    r"\s*KILL\s+QUERY\s+WHERE\s+query_id\s*=\s*'([^'\\]*)'\s*(?:SYNC|ASYNC)?[\s;]*", re.IGNORECASE
)


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """What a request asks of the engine.

    `data` is the body of an INSERT whose statement names `data_format`;
    then `query` has no FORMAT clause any more.
    """

    query: str
    database: str | None
    query_id: str
    format: str
    parameters: dict[str, str]
    settings: dict[str, str]
    data: bytes | None = None
    data_format: str = ""

    @property
    def is_piecewise(self) -> bool:
        """May the answer be sent in pieces?"""
        match = _FORMAT_AT_END.search(self.query)
        if match is None and re.search(r"\bformat\b", self.query, re.IGNORECASE):
            return False
        return (match[1] if match else self.format).lower() in PIECEWISE_FORMATS

    @property
    def killed_id(self) -> str | None:
        """The query id this statement kills, if it is a KILL QUERY for one."""
        match = _KILL.fullmatch(self.query)
        return match[1] if match else None


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """A call's outcome: its answer and what the engine counted."""

    body: bytes = b""
    rows_read: int = 0
    bytes_read: int = 0
    rows_written: int = 0
    bytes_written: int = 0
    elapsed_ns: int = 0


def read_credentials(query_string: str, headers: Mapping[str, str]) -> tuple[str, str]:
    """User and password: X-ClickHouse headers, Basic authorization, or the URL."""
    if "x-clickhouse-user" in headers or "x-clickhouse-key" in headers:
        return headers.get("x-clickhouse-user", ""), headers.get("x-clickhouse-key", "")
    scheme, _, encoded = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            user, _, password = base64.b64decode(encoded, validate=True).decode().partition(":")
        except ValueError:  # not base64, or not UTF-8
            return "", ""
        return user, password
    fields = dict(parse_qsl(query_string, keep_blank_values=True))
    return fields.get("user", ""), fields.get("password", "")


def read_call(query_string: str, headers: Mapping[str, str], body: bytes) -> Call:
    """Read a request; raises BadRequestError."""
    fields = dict(parse_qsl(query_string, keep_blank_values=True))
    body = inflate(body, headers.get("content-encoding", ""))
    if headers.get("content-type", "").startswith("multipart/form-data"):
        fields.update(_read_form(headers["content-type"], body))
        body = b""
    statement = fields.get("query", "").encode()
    if _INSERT.match(statement or body):
        query, data, data_format = _split_insert(statement, body)
    else:
        # As the server does: the body follows what the URL holds.
        query, data, data_format = statement + (b"\n" if statement else b"") + body, None, ""
    return Call(
        query=_text(query),
        database=fields.get("database") or headers.get("x-clickhouse-database"),
        query_id=fields.get("query_id", ""),
        format=fields.get("default_format") or headers.get("x-clickhouse-format") or DEFAULT_FORMAT,
        parameters={name[6:]: value for name, value in fields.items() if name.startswith("param_")},
        settings=_read_settings(fields),
        data=data,
        data_format=data_format,
    )


def render_summary(result: Result) -> str:
    """The X-ClickHouse-Summary header."""
    numbers = {
        "read_rows": result.rows_read,
        "read_bytes": result.bytes_read,
        "written_rows": result.rows_written,
        "written_bytes": result.bytes_written,
        "elapsed_ns": result.elapsed_ns,
    }
    return msgspec.json.encode({name: str(value) for name, value in numbers.items()}).decode()


def render_late_error(message: str, tag: str) -> bytes:
    """An error after the answer has begun, as ClickHouse 25.11 and later mark it."""
    length = len(message.encode()) + 1
    text = f"__exception__\r\n{tag}\r\n{message}\n{length} {tag}\r\n__exception__\r\n"
    return b"\r\n" + text.encode()


def escape_parameter(value: str) -> str:
    """A text as the value of a parameter: they are read like a cell of TabSeparated."""
    for character, escaped in (("\\", "\\\\"), ("\t", "\\t"), ("\n", "\\n"), ("\r", "\\r")):
        value = value.replace(character, escaped)
    return value.replace("\0", "\\0")


def _read_settings(fields: Mapping[str, str]) -> dict[str, str]:
    names = [name for name in fields if name not in _NOT_SETTINGS and not name.startswith("param_")]
    for name in names:
        if not _SETTING_NAME.fullmatch(name):
            raise BadRequestError(f"{name!r} is not the name of a setting", 115)
    return {name: fields[name] for name in names}


def _split_insert(statement: bytes, body: bytes) -> tuple[bytes, bytes | None, str]:
    """Statement, data and format of an INSERT with data; data is None for VALUES or SELECT.

    The data follows the FORMAT clause: in the body when the URL holds the
    statement, else behind the clause's line.
    """
    match = _INSERT_FORMAT.search(statement or body)
    if match is None:
        return statement + body, None, ""
    head = (statement or body)[: match.start()]
    data = body if statement else body[match.end() :]
    return head, data, match[1].decode()


def _read_form(content_type: str, body: bytes) -> dict[str, str]:
    """The text fields of a form; long parameters arrive this way."""
    head = f"Content-Type: {content_type}\r\n\r\n".encode()
    message = BytesParser(policy=policy.HTTP).parsebytes(head + body)
    fields: dict[str, str] = {}
    for part in message.iter_parts():
        name = part.get_param("name", header="content-disposition")
        payload = part.get_payload(decode=True)
        if isinstance(name, str) and isinstance(payload, bytes):
            fields[name] = _text(payload)
    return fields


def _text(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        raise BadRequestError(f"the query is not UTF-8: {error}", 62) from error
