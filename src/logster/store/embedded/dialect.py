"""ClickHouse's HTTP interface, as far as clients of an event store use it.

In: a request's method, query string, headers and body. Out: a `Call` for the engine;
for an engine error, its HTTP status. Promise: pure; a body is inflated only up to
`MAX_BODY_BYTES`.

Follows the server's own interface (https://clickhouse.com/docs/interfaces/http), so
that ClickHouse's clients work on the built-in engine unmodified.
"""

from __future__ import annotations

import base64
import re
import zlib
from email import policy
from email.parser import BytesParser
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

import msgspec

from logster import zstd

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

#: Larger than any batch a spool hands over (LOGSTER_MAX_BATCH_BYTES inflated), and bounded.
MAX_BODY_BYTES = 512 * 1024 * 1024

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

#: Settings of a question in SQL of an administrator: none of the engine's, but who asks what.
WORKSPACE_SETTING = "logster_workspace"
ASKER_SETTING = "logster_asker"
SINCE_SETTING = "logster_since_ns"
UNTIL_SETTING = "logster_until_ns"
#: Codes of errors that ClickHouse has not: a question ended the engine, and a person may ask none.
STUCK_CODE = 10_001
CLOSED_CODE = 10_002

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
_ASKED_FORMAT = re.compile(r"\n FORMAT \w+\Z", re.ASCII)
_INSERT_FORMAT = re.compile(rb"\bFORMAT\s+([A-Za-z0-9]+)[ \t]*(?:\r?\n|$)", re.IGNORECASE)
_KILL = re.compile(
    r"\s*KILL\s+QUERY\s+WHERE\s+query_id\s*=\s*'([^'\\]*)'\s*(?:SYNC|ASYNC)?[\s;]*", re.IGNORECASE
)
_ERROR_CODE = re.compile(r"Code: (\d+)")

#: The engine's error codes that have an HTTP status of their own; others are 500.
_STATUSES = {
    **dict.fromkeys((6, 26, 27, 33, 38, 41, 46, 47, 53, 62, 70, 72, 117, 456, 457), 400),
    **dict.fromkeys((60, 81), 404),
    **dict.fromkeys((164, 497, 516), 403),
    159: 408,
    STUCK_CODE: 408,
    CLOSED_CODE: 403,
    241: 500,
    202: 503,
    394: 499,
}


class BadRequestError(Exception):
    """A request that is not of this interface; `code` is ClickHouse's error code."""

    def __init__(self, message: str, code: int = 36) -> None:
        super().__init__(message)
        self.code = code


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


class Enclosed(msgspec.Struct, frozen=True, kw_only=True):
    """What a question in SQL of an administrator may see, and who asks it."""

    workspace: int
    asker: str
    since_ns: int | None = None
    until_ns: int | None = None


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


def read_enclosed(settings: Mapping[str, str]) -> tuple[Enclosed, dict[str, str]]:
    """What a question sees, and the settings that are left; raises BadRequestError."""
    rest = dict(settings)
    try:
        enclosed = Enclosed(
            workspace=int(rest.pop(WORKSPACE_SETTING)),
            asker=rest.pop(ASKER_SETTING),
            since_ns=_whole(rest.pop(SINCE_SETTING, "")),
            until_ns=_whole(rest.pop(UNTIL_SETTING, "")),
        )
    except (KeyError, ValueError) as error:
        raise BadRequestError(f"who asks, and where, is not said: {error}", 115) from error
    return enclosed, rest


def _whole(text: str) -> int | None:
    return int(text) if text else None


def cut_format(query: str) -> tuple[str, str]:
    """A question as it was asked, and the FORMAT clause that our client put behind it."""
    found = _ASKED_FORMAT.search(query)
    return (query[: found.start()], found[0]) if found else (query, "")


def inflate(body: bytes, encoding: str) -> bytes:
    """Undo a Content-Encoding; raises BadRequestError when it does not hold or is too large."""
    if not encoding or encoding == "identity":
        return body
    if encoding not in _INFLATERS:
        raise BadRequestError(f"Content-Encoding {encoding} is not known", 432)
    try:
        plain = _INFLATERS[encoding](body)
    except (zlib.error, zstd.ZstdError, RuntimeError, EOFError) as error:
        raise BadRequestError(f"the body is not {encoding}: {error}", 271) from error
    if len(plain) > MAX_BODY_BYTES:
        raise BadRequestError(f"the body inflates to over {MAX_BODY_BYTES} bytes", 307)
    return plain


def code_of(error: BaseException) -> int:
    """ClickHouse's error code in an engine's message; 1002 (unknown) when there is none."""
    match = _ERROR_CODE.search(str(error))
    return int(match[1]) if match else 1002


def status_of(code: int) -> int:
    """The HTTP status of an engine error."""
    return _STATUSES.get(code, 500)


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


def render_settings(settings: Mapping[str, str]) -> str:
    """A SET statement; values are quoted, the engine converts them."""
    pairs = (f"{name} = {_quoted(value)}" for name, value in settings.items())
    return "SET " + ", ".join(pairs)


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


def _quoted(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _inflate_zlib(wbits: int) -> Callable[[bytes], bytes]:
    def run(body: bytes) -> bytes:
        inflater = zlib.decompressobj(wbits)
        plain = inflater.decompress(body, MAX_BODY_BYTES + 1)
        if not inflater.eof and len(plain) <= MAX_BODY_BYTES:
            raise EOFError("it ends early")
        return plain

    return run


def _inflate_zstd(body: bytes) -> bytes:
    inflater = zstd.ZstdDecompressor()
    plain = inflater.decompress(body, MAX_BODY_BYTES + 1)
    if not inflater.eof and len(plain) <= MAX_BODY_BYTES:
        raise EOFError("it ends early")
    return plain


_INFLATERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": _inflate_zlib(31),
    "deflate": _inflate_zlib(15),
    "zstd": _inflate_zstd,
}
