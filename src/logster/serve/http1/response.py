"""The bytes of an answer: status line, headers, pieces of a body.

In: what the application says. Out: bytes. Promise: no header of an answer becomes two.
"""

from __future__ import annotations

from email.utils import formatdate
from http import HTTPStatus

Headers = list[tuple[bytes, bytes]]

STATUS_LINES = {
    status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode() for status in HTTPStatus
}
#: Answers that have no body, whatever their headers say.
BODILESS = frozenset({HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED})
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
#: A browser believes the type of an answer: text that a stranger has sent never becomes a page.
_NO_SNIFFING = b"x-content-type-options: nosniff\r\n"
_COMMON_LINES = 2


def render_common() -> bytes:
    """The lines that every answer of this second has."""
    return b"date: " + formatdate(usegmt=True).encode() + b"\r\n" + _NO_SNIFFING


def has_length(headers: Headers) -> bool:
    """Whether the application says how long the body is."""
    for name, _ in headers:  # noqa: SIM110 - half the time of `any`, for each answer
        if name == b"content-length":
            return True
    return False


def render_head(
    status: int, headers: Headers, common: bytes, *, is_chunked: bool, is_last: bool
) -> bytes:
    """A head; raises ValueError for a header with more than one line."""
    lines = [STATUS_LINES[status], common]
    for name, value in headers:
        lines += (name, b": ", value, b"\r\n")
    if is_chunked:
        lines.append(b"transfer-encoding: chunked\r\n")
    if is_last:
        lines.append(b"connection: close\r\n")
    lines.append(b"\r\n")
    head = b"".join(lines)
    ends = len(headers) + _COMMON_LINES + 2 + is_last + is_chunked
    if not head.count(b"\n") == head.count(b"\r") == ends:
        raise ValueError("a header of an answer has more than one line")
    return head


def render_chunk(body: bytes, *, is_end: bool) -> bytes:
    """A piece of a body whose length nobody knows yet."""
    chunk = (b"%x\r\n%b\r\n" % (len(body), body)) if body else b""
    return chunk + b"0\r\n\r\n" if is_end else chunk


def render_refusal(status: HTTPStatus, text: str, common: bytes) -> bytes:
    """The whole answer to what has no whole head."""
    body = text.encode()
    head = b"content-type: text/plain; charset=utf-8\r\nconnection: close\r\n"
    head += b"content-length: %d\r\n\r\n" % len(body)
    return STATUS_LINES[status] + common + head + body
