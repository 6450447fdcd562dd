"""The native API's answers: what is said, in JSON or XML, with the original's headers.

In: a receipt, a refusal, or what the router found. Out: `Reply`.
Promise: bodies are those of ASP.NET Web API 5.2, byte for byte where clients look:
compact JSON in its order and with its escapes, XML with its element names.
Every answer is made in `_reply`, the one place that adds the common headers.
"""

from __future__ import annotations

import functools
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes

import msgspec

from logster.errors import InvalidBodyError, MethodError, UnauthorizedError
from logster.event import NS_PER_MS, NS_PER_S
from logster.ingest.negotiation import choose_format, read_media_type
from logster.ingest.protocol import Reply
from logster.ingest.protocols.native.message import MESSAGE_REQUIRED
from logster.ingest.xml_text import INSTANCE_NAMESPACE, render_element, render_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from logster.errors import LogsterError
    from logster.event import Event
    from logster.ingest.negotiation import Format
    from logster.ingest.protocol import Receipt, Request

INVALID = "The request is invalid."
DENIED = "Authorization has been denied for this request."
HIDDEN = "An error has occurred."

#: Always allowed in a preflight, so that a browser can send a key and JSON.
ALLOWED_HEADERS = ("ApiKey", "Content-Type")

_NAMESPACES = (
    f' xmlns:i="{INSTANCE_NAMESPACE}" xmlns="http://schemas.datacontract.org/2004/07/Logster.Core"'
)
_ARRAYS = ' xmlns:a="http://schemas.microsoft.com/2003/10/Serialization/Arrays"'
_NIL = ' i:nil="true"'

_COMMON_HEADERS = (
    (b"cache-control", b"no-cache"),
    (b"pragma", b"no-cache"),
    (b"expires", b"-1"),
)
_ANY_ORIGIN = (b"access-control-allow-origin", b"*")

# Methods and headers every browser may send without being allowed to.
_SIMPLE_METHODS = frozenset({"GET", "HEAD", "POST"})
_SIMPLE_HEADERS = frozenset({"origin", "accept", "accept-language", "content-language"})

# .NET keeps these escaped when it shows an address: reserved characters and controls.
_KEPT_ESCAPED = frozenset("#$%&+,/;=?@\\")
_ESCAPED = re.compile(r"(?:%[0-9A-Fa-f]{2})+")

# Json.NET escapes line ends of other standards, too.
_LINE_ENDS = (("\x85", "\\u0085"), ("\u2028", "\\u2028"), ("\u2029", "\\u2029"))


class _BadLine(msgspec.Struct, rename="pascal", gc=False):
    """A line that was not kept; a dict of it takes six times the memory."""

    line: int
    model_state: dict[str, list[str]]


# --- outcomes -------------------------------------------------------------------------


def reply_one(receipt: Receipt, request: Request) -> Reply:
    """The answer to a single message: its id, or what is wrong with it."""
    form = choose_format(request.headers)
    if receipt.rejections:
        rejection = receipt.rejections[0]
        return _reply_invalid(rejection.faults, rejection.reason, request, form)
    message_id = str(receipt.ids[0])
    if form.family == "xml":
        content = render_element("MessageId", message_id)
        return _reply(200, form, render_element("LogResult", content, _NAMESPACES), request)
    return _reply(200, form, f'{{"MessageId":"{message_id}"}}', request)


def reply_many(receipt: Receipt, request: Request) -> Reply:
    """The answer to a batch: an id or null per message in order, and the bad ones by line."""
    form = choose_format(request.headers)
    if receipt.ids and not receipt.rejections and form.family == "json":  # thousands, quickly
        ids = '","'.join(map(str, receipt.ids))
        return _reply(200, form, f'{{"MessageIds":["{ids}"]}}', request)
    if not receipt.rejections:
        status = 200
        content: dict[str, Any] = {"MessageIds": [str(event_id) for event_id in receipt.ids]}
    else:
        status = 207 if receipt.ids else 400
        content = {} if receipt.ids else {"Message": INVALID}
        content["MessageIds"] = _ids_in_order(receipt)
        content["Errors"] = [
            _BadLine(rejection.line, _told(rejection.faults, rejection.reason, request, form))
            for rejection in receipt.rejections
        ]
    text = _batch_xml(content) if form.family == "xml" else _json(content)
    return _reply(status, form, text, request)


def _ids_in_order(receipt: Receipt) -> list[str | None]:
    lines = receipt.lines or []
    places: list[tuple[int, str | None]] = [
        (line, str(event_id)) for line, event_id in zip(lines, receipt.ids, strict=True)
    ]
    places += [(rejection.line, None) for rejection in receipt.rejections]
    places.sort(key=lambda place: place[0])
    return [event_id for _, event_id in places]


def _batch_xml(content: dict[str, Any]) -> str:
    ids = "".join(
        f"<a:string{_NIL}/>" if event_id is None else f"<a:string>{event_id}</a:string>"
        for event_id in content["MessageIds"]
    )
    errors = "".join(
        render_element(
            "Error", _members_xml({"Line": str(bad.line), "ModelState": bad.model_state})
        )
        for bad in content.get("Errors", ())
    )
    inner = render_element("Message", content["Message"]) if "Message" in content else ""
    inner += f"<MessageIds{_ARRAYS}>{ids}</MessageIds>"
    inner += render_element("Errors", errors) if errors else ""
    return render_element("LogResults", inner, _NAMESPACES)


# --- refusals -------------------------------------------------------------------------


def refuse(error: LogsterError, request: Request) -> Reply:
    """The answer to a refusal, whatever step refused."""
    form = choose_format(request.headers)
    if isinstance(error, InvalidBodyError):
        return _reply_invalid(error.faults, error.reason, request, form)
    if isinstance(error, MethodError):
        return reply_method(request, error.allowed)
    headers = []
    wait_s = getattr(error, "retry_after_s", None)
    if wait_s is not None:
        headers.append((b"retry-after", str(wait_s).encode()))
    message = str(error)
    if isinstance(error, UnauthorizedError):
        # The body is the original's; what is wrong with the key stands beside it.
        headers.append((b"www-authenticate", f'ApiKey error="{error}"'.encode()))
        message = DENIED
    return _reply_error(error.status, {"Message": message}, request, form, headers)


def reply_not_found(request: Request) -> Reply:
    """The answer to an address under /api that nothing serves."""
    message = (
        f"No HTTP resource was found that matches the request URI '{_shown_uri(request.uri)}'."
    )
    # What the original did not have: where to find what there is.
    headers = [(b"link", f'<{request.root}/Help>; rel="help"'.encode())]
    return _reply_error(404, {"Message": message}, request, headers=headers)


def reply_method(request: Request, allowed: str) -> Reply:
    """The answer to a method that an address does not serve; `allowed` is the Allow header."""
    message = f"The requested resource does not support http method '{request.method}'."
    return _reply_error(405, {"Message": message}, request, headers=[(b"allow", allowed.encode())])


def reply_preflight(request: Request) -> Reply | None:
    """The answer to a browser that asks whether it may; None when it does not ask that."""
    wanted = request.headers.get("access-control-request-method")
    if request.method.upper() != "OPTIONS" or wanted is None or "origin" not in request.headers:
        return None
    if not wanted.strip():
        message = 'The "Access-Control-Request-Method" header value cannot be null or empty.'
        return _reply_error(400, {"Message": message}, request)
    headers = [
        (b"access-control-allow-headers", _allowed_headers(request).encode("latin-1", "replace"))
    ]
    if wanted.strip() not in _SIMPLE_METHODS:
        headers.append(
            (b"access-control-allow-methods", wanted.strip().encode("latin-1", "replace"))
        )
    return _reply(200, None, "", request, headers)


def _allowed_headers(request: Request) -> str:
    asked = request.headers.get("access-control-request-headers", "").split(",")
    names = [name.strip() for name in asked if name.strip()]
    known = {name.lower() for name in names}
    names = [name for name in names if name.lower() not in _SIMPLE_HEADERS]
    return ",".join([*names, *(name for name in ALLOWED_HEADERS if name.lower() not in known)])


def _reply_invalid(
    faults: dict[str, list[str]], reason: str, request: Request, form: Format
) -> Reply:
    content = {"Message": INVALID, "ModelState": _told(faults, reason, request, form)}
    return _reply_error(400, content, request, form)


def _told(
    faults: dict[str, list[str]], reason: str, request: Request, form: Format
) -> dict[str, list[str]]:
    """The faults as this client is told them.

    JSON that cannot be parsed and is answered in XML gets the original's words, which
    hid the reason: its reader reported such a fault twice, and recorded exchanges
    compare that answer byte by byte. Everyone else gets our advice.
    """
    if reason != "syntax" or form.family != "xml" or _body_family(request) in ("xml", "form"):
        return faults
    return {
        key: [HIDDEN, HIDDEN, *(text for text in texts if text == MESSAGE_REQUIRED)]
        for key, texts in faults.items()
    }


def _body_family(request: Request) -> str:
    media = read_media_type(request.headers.get("content-type", ""))
    return media.family if media else ""


def _reply_error(
    status: int,
    content: dict[str, Any],
    request: Request,
    form: Format | None = None,
    headers: list[tuple[bytes, bytes]] | None = None,
) -> Reply:
    form = form or choose_format(request.headers)
    if form.family == "xml":
        text = render_element("Error", _members_xml(content))
    else:
        text = _json(content)
    return _reply(status, form, text, request, headers)


def _members_xml(content: dict[str, Any]) -> str:
    """Names become elements, objects nest, several texts of one name are joined by a blank."""
    return "".join(render_element(name, _content_xml(value)) for name, value in content.items())


def _content_xml(value: str | list[str] | dict[str, Any]) -> str:
    if isinstance(value, dict):
        return _members_xml(value)
    return render_text(value if isinstance(value, str) else " ".join(value))


def _json(content: dict[str, Any]) -> str:
    text = msgspec.json.encode(content).decode()
    if not text.isascii():
        for char, escape in _LINE_ENDS:
            text = text.replace(char, escape)
    return text


def _shown_uri(uri: str) -> str:
    """An address as .NET shows it: unescaped where that cannot change its meaning."""
    return _ESCAPED.sub(lambda run: _unescaped(run[0]), uri)


def _unescaped(run: str) -> str:
    shown = ""
    for char in unquote_to_bytes(run).decode("utf-8", "surrogateescape"):
        is_kept = char in _KEPT_ESCAPED or char < " " or "\x7f" <= char <= "\x9f"
        if is_kept or "\ud800" <= char <= "\udfff":
            shown += "".join(f"%{code:02X}" for code in char.encode("utf-8", "surrogateescape"))
        else:
            shown += char
    return shown


# --- a stored message -----------------------------------------------------------------


def reply_message(event: Event, request: Request) -> Reply:
    """The answer to `GET /api/Log/{MessageId}`: the stored message under the native names."""
    form = choose_format(request.headers)
    members = {
        "MessageId": str(event.id),
        "Exception": event.exception,
        "Message": event.message,
        "StackTrace": event.stack_trace,
        "Severity": event.severity,
        "Category": event.category,
        "Application": event.application,
        "User": event.user,
        "Timestamp": render_instant(event.timestamp),
        "ReceivedAt": render_instant(event.received_at),
        "Host": event.host,
        "Environment": event.environment,
        "Release": event.release,
        "TraceId": event.trace_id,
        "SpanId": event.span_id,
        "Properties": event.properties,
    }
    text = _message_xml(members) if form.family == "xml" else _json(members)
    return _reply(200, form, text, request)


def _message_xml(members: dict[str, Any]) -> str:
    """The alphabetical order makes this a body that `POST /api/Log` takes back."""
    return render_element("LogMessage", "".join(_member_elements(members)), _NAMESPACES)


def _member_elements(members: dict[str, Any]) -> Iterator[str]:
    for name, value in sorted(members.items()):
        if value is None:
            yield f"<{name}{_NIL}/>"
        elif isinstance(value, dict):
            yield render_element(name, render_text(_json(value)))
        else:
            yield render_element(name, render_text(str(value)))


def render_instant(instant: int) -> str:
    """Nanoseconds since 1970 as ISO 8601 in UTC, with as many digits as they need."""
    seconds, rest = divmod(instant, NS_PER_S)
    text = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S").rjust(19, "0")
    if rest % NS_PER_MS == 0:
        return f"{text}.{rest // NS_PER_MS:03d}Z"
    return f"{text}.{rest:09d}".rstrip("0") + "Z"


# --- every answer ---------------------------------------------------------------------


def _reply(
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
