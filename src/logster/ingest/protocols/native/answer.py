"""Every answer of the native API: its form, its headers, and JSON or XML as .NET wrote them.

In: what is to be said. Out: `Reply`.
Promise: bodies are those of ASP.NET Web API 5.2, byte for byte where clients look: compact JSON in
its order and with its escapes, XML with its element names.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import msgspec

from logster.ingest.negotiation import choose_format
from logster.ingest.protocol import Reply
from logster.ingest.xml_text import INSTANCE_NAMESPACE, render_element, render_text

if TYPE_CHECKING:
    from logster.ingest.negotiation import Format
    from logster.ingest.protocol import Request

#: Of the elements that are the original's types.
NAMESPACES = (
    f' xmlns:i="{INSTANCE_NAMESPACE}" xmlns="http://schemas.datacontract.org/2004/07/Logster.Core"'
)
NIL = ' i:nil="true"'

_COMMON_HEADERS = (
    (b"cache-control", b"no-cache"),
    (b"pragma", b"no-cache"),
    (b"expires", b"-1"),
)
_ANY_ORIGIN = (b"access-control-allow-origin", b"*")

# Json.NET escapes line ends of other standards, too.
_LINE_ENDS = (("\x85", "\\u0085"), ("\u2028", "\\u2028"), ("\u2029", "\\u2029"))


def answer(
    status: int,
    form: Format | None,
    text: str,
    request: Request,
    headers: list[tuple[bytes, bytes]] | None = None,
) -> Reply:
    """An answer with the headers that all have; a HEAD request gets no body."""
    sent = [*_headers(form), *(headers or ())]
    if "origin" in request.headers:
        sent.append(_ANY_ORIGIN)
    body = form.encode(text) if form and request.method.upper() != "HEAD" else b""
    return Reply(status=status, headers=sent, body=body)


@functools.lru_cache(maxsize=16)
def _headers(form: Format | None) -> tuple[tuple[bytes, bytes], ...]:
    if form is None:
        return _COMMON_HEADERS
    content_type = f"{form.media_type}; charset={form.charset}".encode()
    return (*_COMMON_HEADERS, (b"content-type", content_type))


def answer_error(
    status: int,
    content: dict[str, Any],
    request: Request,
    form: Format | None = None,
    headers: list[tuple[bytes, bytes]] | None = None,
) -> Reply:
    """An answer of members: `{"Message":…}` or `<Error><Message>…`."""
    form = form or choose_format(request.headers)
    if form.family == "xml":
        text = render_element("Error", render_members(content))
    else:
        text = render_json(content)
    return answer(status, form, text, request, headers)


def render_members(content: dict[str, Any]) -> str:
    """Names become elements, objects nest, several texts of one name are joined by a blank."""
    return "".join(render_element(name, _render_value(value)) for name, value in content.items())


def _render_value(value: str | list[str] | dict[str, Any]) -> str:
    if isinstance(value, dict):
        return render_members(value)
    return render_text(value if isinstance(value, str) else " ".join(value))


def render_json(content: dict[str, Any]) -> str:
    """Compact JSON in the order of the members."""
    text = msgspec.json.encode(content).decode()
    if not text.isascii():
        for char, escape in _LINE_ENDS:
            text = text.replace(char, escape)
    return text
