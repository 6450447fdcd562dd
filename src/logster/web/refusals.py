"""What a request is told when it cannot be done: a page to whom wants one, JSON to all others.

In: an exception. Out: an answer with the right status.
Promise: no stack trace and no word of the engine or the database ever leaves the server;
what was unexpected is logged with its stack trace instead.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any

from litestar import MediaType, Request, Response
from litestar.exceptions import (
    ClientException,
    HTTPException,
    MethodNotAllowedException,
    NotFoundException,
    ValidationException,
)
from litestar.types import ExceptionHandlersMap

from logster.errors import (
    LogsterError,
    QueryError,
    QueryStuckError,
    QueryTooHeavyError,
    RetryLaterError,
    StoreDamagedError,
    StoreError,
    StoreUnavailableError,
)
from logster.root import root_of
from logster.web.document import render_document
from logster.web.orders import say_invalid

log = logging.getLogger(__name__)

AWAY = "The store cannot be reached just now; try again in a moment."
TOO_HEAVY = (
    "This question needs more memory or time than one question may have; narrow it, for "
    "instance to a shorter time (an operator may raise LOGSTER_QUERY_MEMORY_BYTES and "
    "LOGSTER_QUERY_TIMEOUT_S)."
)
FAILED = "This failed on our side; the server's log says more."
#: What a client that was told "not now" waits when nobody knows better.
RETRY_AFTER_S = 2
BAD_REQUEST = 400
SERVER_FAULT = 500
#: The framework's word for a path that no handler has.
NOT_FOUND = HTTPStatus.NOT_FOUND.phrase
MAX_SHOWN_PATH = 100
UNAVAILABLE = 503


def refuse(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    """Turn an exception into the answer."""
    status, told = _read(request, error)
    is_said = status == UNAVAILABLE or isinstance(error, StoreDamagedError)  # by the worker, once
    if status >= SERVER_FAULT and not is_said:
        log.error("%s %s failed", request.method, request.scope["path"], exc_info=error)
    headers = _headers(error, status)
    if _is_api(request.scope["path"]) or not wants_page(request):
        return _answer_json(status, headers, told)
    return render_document(
        request,
        "refusal.html",
        status=status,
        headers=headers,
        message=told["message"],
        code=status,
    )


@contextmanager
def refusing(status: int = BAD_REQUEST) -> Iterator[None]:
    """Tell the client why what it sent cannot be taken: a ValueError in here is about that."""
    try:
        yield
    except ValueError as error:
        raise ClientException(str(error), status_code=status) from None


def wants_page(request: Request[Any, Any, Any]) -> bool:
    """Whether a browser opens this as a page; a program, which takes anything, gets JSON."""
    if request.headers.get("sec-fetch-mode") == "navigate":
        return True
    return request.accept.best_match([MediaType.JSON, MediaType.HTML]) == MediaType.HTML


def say_lost(request: Request[Any, Any, Any]) -> str:
    """What is told who asks for what is not there: agents of other servers among them."""
    root = root_of(request.scope)
    path = root + request.scope["path"]
    shown = path if len(path) <= MAX_SHOWN_PATH else path[:MAX_SHOWN_PATH] + "…"
    return (
        f"Nothing answers at {shown}. This is Logster: it takes messages at POST {root}/api/Log "
        f"and {root}/api/Logs (JSON, XML, forms and JSON lines; {root}/Help shows how), answers "
        f"questions below {root}/api/v1 (see {root}/api/v1/openapi.json), and says at "
        f"{root}/health/ready whether it is well."
    )


def _is_api(path: str) -> bool:
    return path == "/api" or path.startswith("/api/")


def _read(request: Request[Any, Any, Any], error: Exception) -> tuple[int, dict[str, Any]]:
    """The status and what is said."""
    if isinstance(error, QueryError):
        told = {"message": str(error), "position": error.position, "length": error.length}
        return error.status, told
    if isinstance(error, LogsterError):
        return error.status, {"message": _say(error)}
    if isinstance(error, HTTPException) and error.status_code < SERVER_FAULT:
        return error.status_code, {"message": _say_http(request, error)}
    if isinstance(error, RecursionError):
        return BAD_REQUEST, {"message": "The body is nested too deeply."}
    return SERVER_FAULT, {"message": FAILED}


def _say_http(request: Request[Any, Any, Any], error: HTTPException) -> str:
    if isinstance(error, ValidationException):
        return say_invalid(request, error)
    if isinstance(error, MethodNotAllowedException):
        allowed = (error.headers or {}).get("allow", "")
        return f"{request.method} is not answered here; {allowed} is."
    if isinstance(error, NotFoundException) and error.detail == NOT_FOUND:
        return say_lost(request)
    return error.detail


def _say(error: LogsterError) -> str:
    # The store's own errors carry the engine's words, which may quote other people's data.
    if isinstance(error, StoreUnavailableError):
        return AWAY
    if isinstance(error, QueryStuckError):
        return str(error)
    if isinstance(error, QueryTooHeavyError):
        return TOO_HEAVY
    if isinstance(error, StoreDamagedError):  # made of our words and a day alone
        return str(error)
    if isinstance(error, StoreError) or error.status == SERVER_FAULT:
        return FAILED
    return str(error)


def _headers(error: Exception, status: int) -> dict[str, str]:
    if isinstance(error, MethodNotAllowedException):
        return dict(error.headers or {})
    if isinstance(error, RetryLaterError):
        return {"Retry-After": str(error.retry_after_s)}
    return {"Retry-After": str(RETRY_AFTER_S)} if status == UNAVAILABLE else {}


def _answer_json(status: int, headers: dict[str, str], told: dict[str, Any]) -> Response[Any]:
    headers = {"Cache-Control": "no-store", **headers}
    return Response({"error": told}, status_code=status, headers=headers, media_type=MediaType.JSON)


EXCEPTION_HANDLERS: ExceptionHandlersMap = {Exception: refuse, HTTPException: refuse}
