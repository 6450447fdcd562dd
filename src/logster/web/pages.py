"""The log-in and the shell: log in, log out, the portal's page, its files.

In: browsers. Out: HTML that works without a script, redirects, built files.
Promise: a redirect never leaves this server; a log-in always begins a new session. Only a
browser that opens a page is led to the log-in: a program that asks for one is told 401, and
whoever asks for what is not there 404 (see `refusals`), so no check of health is fooled.

Litestar reads the annotations of the handlers when it starts, so they are real imports.
"""

import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from litestar import HttpMethod, MediaType, Request, Response, post, route
from litestar.datastructures import Cookie
from litestar.di import NamedDependency
from litestar.enums import RequestEncodingType
from litestar.exceptions import ClientException, NotFoundException
from litestar.handlers import BaseRouteHandler
from litestar.params import FromPath

from logster.config import Config
from logster.errors import ForbiddenError, LogsterError, RetryLaterError, UnauthorizedError
from logster.meta.accounts import Accounts, fold_email
from logster.root import inside, root_of
from logster.web.access import (
    CSRF_COOKIE,
    CSRF_HEADER,
    Access,
    check_csrf_token,
    cookie_of,
    csrf_token_of,
    make_csrf_token,
    token_of,
)
from logster.web.address import address_of
from logster.web.audit import AUDIT
from logster.web.document import render_document
from logster.web.files import BuiltFiles
from logster.web.refusals import say_lost, wants_page

AnyRequest = Request[Any, Any, Any]

SHELL = "index.html"
HOME = "/"
MAX_NEXT_LENGTH = 2_000
MAX_EMAIL_SHOWN = 100
#: A CSRF token we made: 64 hexadecimal digits. Anything else is replaced.
CSRF_TOKEN_LENGTH = 64

#: Pages are read with these; HTTP leaves the body of an answer to HEAD out.
READ_METHODS = (HttpMethod.GET, HttpMethod.HEAD)
#: What the portal's own router reads (portal/src/app.svelte); whatever else is asked for is lost.
PORTAL_PATHS = [
    HOME,
    "/events/{rest:str}",
    *("/issues", "/issues/{rest:str}"),
    *("/dashboards", "/dashboards/{rest:path}"),
    *("/settings", "/settings/{rest:path}"),
]
#: A step of one or two dots, in the path of a goal.
_DOTS = re.compile(r"[^?#]*/(?:\.|%2e){1,2}(?:[/?#]|$)", re.IGNORECASE)
_URL_PUNCTUATION = "%/?#&=+:@,;!$'()*~[]"
#: Pages of one event, of one issue: what else stands there is lost.
_NUMBERED = frozenset({"events", "issues"})
_ID = re.compile(r"[0-9]{1,20}")


@route("/login", http_method=READ_METHODS, include_in_schema=False)
async def show_login(request: AnyRequest, access: NamedDependency[Access]) -> Response[Any]:
    """The log-in form; who is logged in already goes on."""
    goal = local_path(request.query_params.get("next", ""), root_of(request.scope))
    if await access.session_of(request):
        return see_other(request, goal)
    return _show_form(request, access, goal=goal)


@post("/login", include_in_schema=False, status_code=200)
async def log_in(
    request: AnyRequest,
    access: NamedDependency[Access],
    accounts: NamedDependency[Accounts],
    config: NamedDependency[Config],
) -> Response[Any]:
    """Begin a session, or show the form again with the reason."""
    if request.content_type[0] != RequestEncodingType.URL_ENCODED:
        raise ClientException("Send the log-in as a form: application/x-www-form-urlencoded.")
    fields = await request.form()
    email, password, csrf_token, goal = (
        str(fields.get(name, "")) for name in ("email", "password", "csrf_token", "next")
    )
    goal = local_path(goal, root_of(request.scope))
    address = address_of(request, config.trusted_networks)
    try:
        _check_form_token(request, csrf_token or request.headers.get(CSRF_HEADER, ""))
        started = await accounts.log_in(email, password, address)
    except (ForbiddenError, UnauthorizedError, RetryLaterError) as error:
        if isinstance(error, UnauthorizedError):  # the others are many, and no guess was tried
            AUDIT.warning("a log-in as %r from %s was refused", email[:MAX_EMAIL_SHOWN], address)
        return _show_form(request, access, goal=goal, email=email, error=error)
    AUDIT.info("%s logged in from %s", fold_email(email), address)
    # The session before this one, if any, is not carried on.
    if earlier := token_of(request):
        await accounts.log_out(earlier)
    cookies = access.session_cookies(request, started)
    return see_other(request, goal, cookies=cookies)


@post("/logout", include_in_schema=False)
async def log_out(
    request: AnyRequest, access: NamedDependency[Access], accounts: NamedDependency[Accounts]
) -> Response[Any]:
    """End the session: 204 to the portal's script, the log-in page to a form."""
    token = token_of(request)
    session = await access.session_of(request) if token else None
    if session:
        csrf_token = request.headers.get(CSRF_HEADER, "")
        if not csrf_token and request.content_type[0] == RequestEncodingType.URL_ENCODED:
            csrf_token = str((await request.form()).get("csrf_token", ""))
        check_csrf_token(csrf_token_of(token), csrf_token)
        await accounts.log_out(token)
        AUDIT.info("%s logged out", session.email)
    cookies = access.expired_cookies(request)
    if "text/html" in request.headers.get("accept", ""):
        return see_other(request, "/login", cookies=cookies)
    return Response(None, status_code=204, cookies=cookies)


@route("/static/{name:path}", http_method=READ_METHODS, include_in_schema=False)
async def show_file(
    request: AnyRequest, files: NamedDependency[BuiltFiles], name: FromPath[str]
) -> Response[bytes]:
    """A built file of the portal."""
    return _answer_file(request, files, name.lstrip("/"))


@route(["/favicon.ico", "/favicon.svg"], http_method=READ_METHODS, include_in_schema=False)
async def show_icon(request: AnyRequest, files: NamedDependency[BuiltFiles]) -> Response[bytes]:
    """The icon, where browsers look for it unasked."""
    return _answer_file(request, files, "favicon.svg")


@route(PORTAL_PATHS, http_method=READ_METHODS, include_in_schema=False)
async def show_portal(
    request: AnyRequest, access: NamedDependency[Access], files: NamedDependency[BuiltFiles]
) -> Response[Any]:
    """The portal, whose own router reads the rest of the path; first the log-in."""
    path = request.scope["path"].rstrip("/")
    page, _, number = path.removeprefix("/").partition("/")
    if page in _NUMBERED and number and not _ID.fullmatch(number):
        raise NotFoundException(say_lost(request))
    if not await access.session_of(request):
        if not wants_page(request):
            raise UnauthorizedError(_say_log_in(root_of(request.scope)))
        query = request.url.query
        here = request.url.path + (f"?{query}" if query else "")
        suffix = "" if here == HOME else f"?next={quote(local_path(here), safe='')}"
        return see_other(request, f"/login{suffix}")
    answer = files.answer(SHELL, request)
    if answer is None:
        return render_document(request, "unbuilt.html", status=503)
    answer.set_cookie(access.csrf_cookie(request, csrf_token_of(token_of(request))))
    return answer


def see_other(request: AnyRequest, path: str, cookies: Sequence[Cookie] = ()) -> Response[bytes]:
    """A redirect to a path of ours, that is always followed with GET."""
    # A header has no letters beyond ASCII; what is escaped already stays as it is.
    location = quote(root_of(request.scope) + path, safe=_URL_PUNCTUATION)
    headers = {"Location": location, "Cache-Control": "no-store"}
    return Response(
        b"", status_code=303, headers=headers, cookies=cookies, media_type=MediaType.TEXT
    )


def local_path(goal: str, root: str = "") -> str:
    r"""The goal of a redirect if it is a path of this server, else home; without the root.

    Browsers read `//host` and `/\host` as another host, and drop tabs and line ends first; and
    `..`, escaped or not, leads out of the root, to whatever else the host serves.
    """
    is_plain = goal.isprintable() and "\\" not in goal and len(goal) <= MAX_NEXT_LENGTH
    goal = inside(goal, root)
    if not is_plain or not goal.startswith("/") or goal.startswith("//"):
        return HOME
    if _DOTS.match(goal):
        return HOME
    return HOME if goal.startswith(("/login", "/logout")) else goal


def _say_log_in(root: str) -> str:
    return (
        "This is a page of the portal, for people who are logged in; open it in a browser. "
        f"Programs ask the API below {root}/api/v1 with a key, and {root}/health/ready whether "
        "the server is well."
    )


def _answer_file(request: AnyRequest, files: BuiltFiles, name: str) -> Response[bytes]:
    answer = files.answer(name, request)
    if answer is None:
        raise NotFoundException(f"There is no file {name[:100]!r}.")
    return answer


def _show_form(
    request: AnyRequest,
    access: Access,
    *,
    goal: str,
    email: str = "",
    error: LogsterError | None = None,
) -> Response[str]:
    csrf_token = cookie_of(request, CSRF_COOKIE)
    cookies: list[Cookie] = []
    if len(csrf_token) != CSRF_TOKEN_LENGTH or not csrf_token.isalnum():
        csrf_token = make_csrf_token()
        cookies = [access.csrf_cookie(request, csrf_token)]
    headers = {}
    if isinstance(error, RetryLaterError):
        headers["Retry-After"] = str(error.retry_after_s)
    return render_document(
        request,
        "login.html",
        status=error.status if error else 200,
        headers=headers,
        cookies=cookies,
        csrf_token=csrf_token,
        next=goal,
        email=email,
        fault=str(error) if error else "",
    )


def _check_form_token(request: AnyRequest, csrf_token: str) -> None:
    # There is no session to bind the token to: the form must repeat the cookie.
    try:
        check_csrf_token(cookie_of(request, CSRF_COOKIE), csrf_token)
    except ForbiddenError:
        raise ForbiddenError("This page was open for too long; please log in again.") from None


PAGES: Sequence[BaseRouteHandler] = (
    show_login,
    log_in,
    log_out,
    show_file,
    show_icon,
    show_portal,
)
