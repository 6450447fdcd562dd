"""Who asks: a key in a header or a session in a cookie, and whether they may.

In: a request. Out: a `Principal` with one workspace and a set of rights; or 401, 403.
Promise: the workspace comes from the key or the session, never from the request. A request
that lives on a cookie and changes something must prove that our own page made it.

The CSRF token is the header `X-CSRF-Token` with the value of the cookie `csrftoken`. That value
is derived from the session's token, so a cookie planted from elsewhere proves nothing.
"""

import hashlib
import hmac
import secrets
import time
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from litestar import Request
from litestar.datastructures import Cookie

from logster.errors import ForbiddenError, MetaUnavailableError, UnauthorizedError
from logster.meta.grants import Right
from logster.meta.meta import Meta
from logster.meta.sessions import LogIn, Role, Session
from logster.meta.sharing import Person
from logster.root import root_of

SESSION_COOKIE = "logster_session"
CSRF_COOKIE = "csrftoken"
CSRF_HEADER = "x-csrf-token"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
#: Nobody is shown an event later than this after their session or key has ended.
ADMISSION_S = 1.0
#: More than any token; a longer cookie is none of ours.
MAX_TOKEN_LENGTH = 100

RIGHTS_OF_ROLE = {
    Role.VIEWER: frozenset({Right.READ}),
    Role.MEMBER: frozenset({Right.READ}),
    Role.ADMIN: frozenset({Right.READ, Right.ADMIN}),
}

AnyRequest = Request[Any, Any, Any]


class Principal(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who may look into one workspace: a person, or a program with a key."""

    workspace: int
    rights: frozenset[Right]
    session: Session | None = None
    key: int | None = None

    @property
    def name(self) -> str:
        """Who it is, for the log and for whoever asks who did it."""
        return self.session.email if self.session else f"key {self.key}"

    def check(self, right: Right) -> None:
        """Raise ForbiddenError without the right."""
        if right not in self.rights:
            raise ForbiddenError(f"This needs the right {right.value!r}.")

    @property
    def person(self) -> Person | None:
        """Who keeps things here; a program is nobody."""
        if self.session is None:
            return None
        return Person(
            user=self.session.user,
            workspace=self.workspace,
            is_admin=Right.ADMIN in self.rights,
            can_share=self.session.role is not Role.VIEWER,
        )

    def check_triage(self) -> None:
        """Raise ForbiddenError unless they may change issues: members, and keys of full rights."""
        may = self.person.can_share if self.person else Right.ADMIN in self.rights
        if not may:
            raise ForbiddenError(
                "Issues are changed by members, and by keys with the right 'admin'; ask an "
                "administrator for the role member."
            )

    def check_person(self, what: str) -> Person:
        """The person; raises ForbiddenError for a program."""
        if self.person is None:
            raise ForbiddenError(f"{what} belong to people: log in.")
        return self.person


class Access:
    """Admits requests of one worker."""

    def __init__(self, meta: Meta, *, is_secure: bool, session_days: int) -> None:
        """`is_secure`: people reach us by https, so cookies must not travel otherwise."""
        self._grants = meta.grants
        self._accounts = meta.accounts
        self._is_secure = is_secure
        self._session_s = session_days * 86_400

    async def admit(self, request: AnyRequest, right: Right) -> Principal:
        """Who asks; raises UnauthorizedError or ForbiddenError."""
        if key := key_of(request):
            grant = await self._grants.admit(key, right)
            return Principal(workspace=grant.workspace, rights=grant.rights, key=grant.key)
        session = await self.session_of(request)
        if session is None:
            raise UnauthorizedError(
                "Log in, or send an API key with the right 'read'; none came, or an empty one."
            )
        if request.method not in SAFE_METHODS:
            check_csrf_token(csrf_token_of(token_of(request)), request.headers.get(CSRF_HEADER, ""))
        principal = Principal(
            workspace=session.workspace, rights=RIGHTS_OF_ROLE[session.role], session=session
        )
        principal.check(right)
        return principal

    def watch(self, request: AnyRequest, principal: Principal) -> Callable[[], Awaitable[bool]]:
        """Says from time to time whether what was begun for a principal may go on.

        Looked up once in `ADMISSION_S`. A meta database that is away ends nothing; another role
        that still may look does not either, another workspace does.
        """
        looked_at = time.monotonic()

        async def is_still_admitted() -> bool:
            nonlocal looked_at
            if time.monotonic() - looked_at < ADMISSION_S:
                return True
            looked_at = time.monotonic()
            try:
                now = await self.admit(request, Right.READ)
            except (UnauthorizedError, ForbiddenError):
                return False
            except MetaUnavailableError:
                return True
            return now.workspace == principal.workspace

        return is_still_admitted

    async def session_of(self, request: AnyRequest) -> Session | None:
        """The session of the cookie, if it is alive."""
        token = token_of(request)
        return await self._accounts.session_of(token) if token else None

    def session_cookies(self, request: AnyRequest, log_in: LogIn) -> list[Cookie]:
        """What the browser keeps after a log-in."""
        return [
            self._cookie(request, SESSION_COOKIE, log_in.token, httponly=True),
            self.csrf_cookie(request, csrf_token_of(log_in.token)),
        ]

    def csrf_cookie(self, request: AnyRequest, csrf_token: str) -> Cookie:
        """The cookie that our own pages read and send back as a header or a field."""
        return self._cookie(request, CSRF_COOKIE, csrf_token, httponly=False)

    def expired_cookies(self, request: AnyRequest) -> list[Cookie]:
        """What makes the browser forget."""
        cookies = [
            self._cookie(request, SESSION_COOKIE, "", httponly=True),
            self._cookie(request, CSRF_COOKIE, "", httponly=False),
        ]
        for cookie in cookies:
            cookie.max_age = 0
        return cookies

    def _cookie(self, request: AnyRequest, name: str, value: str, *, httponly: bool) -> Cookie:
        return Cookie(
            key=name,
            value=value,
            # Another Logster may be below another path of the same host.
            path=root_of(request.scope) or "/",
            max_age=self._session_s,
            httponly=httponly,
            # Lax: a link from elsewhere may open the portal, a form from elsewhere may not post.
            samesite="lax",
            secure=self._is_secure or request.url.scheme == "https",
        )


def key_of(request: AnyRequest) -> str | None:
    """The key text of a request: `ApiKey`, `X-Api-Key` or `Authorization: Bearer`."""
    headers = request.headers
    scheme, _, value = headers.get("authorization", "").partition(" ")
    bearer = value.strip() if scheme.lower() == "bearer" else ""
    return headers.get("apikey") or headers.get("x-api-key") or bearer or None


def cookie_of(request: AnyRequest, name: str) -> str:
    """A cookie's value, or "".

    A Logster at the top of the same host has cookies of the same names; browsers send those with
    the longer path first (RFC 6265, 5.4), and these are ours.
    """
    for header in request.headers.getall("cookie", []):
        for part in header.split(";"):
            found, _, value = part.partition("=")
            if found.strip() == name:
                return value.strip()
    return ""


def token_of(request: AnyRequest) -> str:
    """The session's token as the browser sent it, or ""."""
    token = cookie_of(request, SESSION_COOKIE)
    return token if len(token) <= MAX_TOKEN_LENGTH else ""


def csrf_token_of(token: str) -> str:
    """What a page of this session, and nobody else, can know."""
    return hmac.new(token.encode(), b"csrf", hashlib.sha256).hexdigest()


def make_csrf_token() -> str:
    """A CSRF token for the log-in page, where there is no session yet."""
    return secrets.token_hex(32)


def check_csrf_token(expected: str, given: str) -> None:
    """Raise ForbiddenError unless our own page sent this."""
    if not expected or not hmac.compare_digest(expected.encode(), given.encode()):
        raise ForbiddenError(
            "The page that sent this was too old or not ours; reload it and try again "
            f"(header {CSRF_HEADER}: value of the cookie {CSRF_COOKIE})."
        )
