"""What is told who is refused: the request, the message, the method or the address.

In: a refusal, whatever step refused. Out: `Reply`, in the original's words where it had some.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes

from logster.errors import InvalidBodyError, MethodError, UnauthorizedError
from logster.ingest.negotiation import choose_format, read_media_type
from logster.ingest.protocols.native.answer import answer_error
from logster.ingest.protocols.native.message import MESSAGE_REQUIRED

if TYPE_CHECKING:
    from logster.errors import LogsterError
    from logster.ingest.negotiation import Format
    from logster.ingest.protocol import Reply, Request

INVALID = "The request is invalid."
DENIED = "Authorization has been denied for this request."
HIDDEN = "An error has occurred."

# .NET keeps these escaped when it shows an address: reserved characters and controls.
_KEPT_ESCAPED = frozenset("#$%&+,/;=?@\\")
_ESCAPED = re.compile(r"(?:%[0-9A-Fa-f]{2})+")


def refuse(error: LogsterError, request: Request) -> Reply:
    """The answer to a refusal, whatever step refused."""
    form = choose_format(request.headers)
    if isinstance(error, InvalidBodyError):
        return refuse_message(error.faults, error.reason, request, form)
    if isinstance(error, MethodError):
        return _refuse_method(request, error.allowed)
    headers = []
    wait_s = getattr(error, "retry_after_s", None)
    if wait_s is not None:
        headers.append((b"retry-after", str(wait_s).encode()))
    message = str(error)
    if isinstance(error, UnauthorizedError):
        # The body is the original's; what is wrong with the key stands beside it.
        headers.append((b"www-authenticate", f'ApiKey error="{error}"'.encode()))
        message = DENIED
    return answer_error(error.status, {"Message": message}, request, form, headers)


def reply_not_found(request: Request) -> Reply:
    """The answer to an address under /api that nothing serves."""
    message = (
        f"No HTTP resource was found that matches the request URI '{_shown_uri(request.uri)}'."
    )
    # What the original did not have: where to find what there is.
    headers = [(b"link", f'<{request.root}/Help>; rel="help"'.encode())]
    return answer_error(404, {"Message": message}, request, headers=headers)


def _refuse_method(request: Request, allowed: str) -> Reply:
    """The answer to a method that an address does not serve; `allowed` is the Allow header."""
    message = f"The requested resource does not support http method '{request.method}'."
    return answer_error(405, {"Message": message}, request, headers=[(b"allow", allowed.encode())])


def refuse_message(
    faults: dict[str, list[str]], reason: str, request: Request, form: Format
) -> Reply:
    """The answer to a message of which something is wrong, by place."""
    content = {"Message": INVALID, "ModelState": choose_words(faults, reason, request, form)}
    return answer_error(400, content, request, form)


def choose_words(
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
