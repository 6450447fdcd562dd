"""Builds the web application of one worker from its parts.

In: the settings, the keys, the accounts and the engine. Out: an ASGI application that
answers the portal's API, the pages and the help; ingestion has a way of its own.
Promise: every answer carries the strict headers below, refusals too.
"""

import functools
from collections.abc import Mapping
from pathlib import Path

from litestar import Litestar
from litestar.datastructures import MutableScopeHeaders, State
from litestar.di import NamedDependency, Provide
from litestar.enums import ScopeType
from litestar.openapi import OpenAPIConfig
from litestar.openapi.spec import Server
from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send

from logster import __version__
from logster.config import Config
from logster.meta.grants import Right
from logster.meta.meta import Meta
from logster.store.engine import Engine
from logster.track.aliases import Aliases
from logster.track.issues import Issues
from logster.web.access import Access, AnyRequest, Principal
from logster.web.api import API_PATH, make_api
from logster.web.cancellation import SAFE_METHODS, answer_while_waited, answer_whole
from logster.web.compression import packed
from logster.web.files import STATIC_FOLDER, BuiltFiles
from logster.web.help.pages import HELP_PAGES
from logster.web.live import TailStreams
from logster.web.openapi import ApiDocument
from logster.web.orders import name_parameters
from logster.web.pages import PAGES
from logster.web.places import Places
from logster.web.refusals import EXCEPTION_HANDLERS
from logster.web.repeating import NoRetries, Retries
from logster.web.system import provide_operator

#: Bodies here are log-ins and names; events come by ingestion.
MAX_BODY_BYTES = 64 * 1024

#: An export holds a few pages of 4 to 16 MB, however slow its reader.
MAX_EXPORTS, MAX_EXPORTS_OF_ONE = 24, 4

#: Asks, although a body of SQL needs POST.
SQL_PATH = f"{API_PATH}/sql"

#: Nothing is loaded from elsewhere, nothing runs inside the page's text, nobody frames us.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)
STRICT_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "X-Frame-Options": "DENY",
}


def build_app(
    config: Config,
    *,
    meta: Meta,
    engine: Engine,
    aliases: Aliases | None = None,
    streams: TailStreams | None = None,
    retries: Retries | None = None,
    static_folder: Path = STATIC_FOLDER,
) -> ASGIApp:
    """The application; the parts stay the caller's to start and to close."""
    files = BuiltFiles(static_folder, config.root)
    parts = name_parts(
        config,
        meta=meta,
        engine=engine,
        aliases=aliases,
        streams=streams,
        files=files,
        retries=retries,
    )
    return build_site(parts, config.root)


def name_parts(
    config: Config,
    *,
    meta: Meta,
    engine: Engine,
    streams: TailStreams | None,
    files: BuiltFiles,
    aliases: Aliases | None = None,
    retries: Retries | None = None,
) -> dict[str, object]:
    """What the routes are given, by the names of their arguments."""
    access = Access(
        meta,
        is_secure=config.is_secure,
        session_days=config.session_days,
    )
    return {
        "access": access,
        "keys": meta.keys,
        "accounts": meta.accounts,
        "members": meta.members,
        "searches": meta.searches,
        "dashboards": meta.dashboards,
        "retention": meta.retention,
        "issues": Issues(meta.database, meta.live),
        "aliases": aliases or Aliases(meta.live),
        "config": config,
        "engine": engine,
        "streams": streams or TailStreams(),
        "retries": retries or NoRetries(),
        "exports": Places("exports", most=MAX_EXPORTS, most_of_one=MAX_EXPORTS_OF_ONE),
        "files": files,
    }


def build_site(parts: Mapping[str, object], root: str) -> ASGIApp:
    """The routes below `root`; each request is given what `parts` holds then.

    All that lives longer than a request is a part: a site is a third of a second of work, and
    can be given other parts.
    """
    app = Litestar(
        [make_api(), *PAGES, *HELP_PAGES],
        dependencies={
            **{name: _provide(parts, name) for name in parts},
            "principal": Provide(provide_viewer),
            "admin": Provide(provide_admin),
            "operator": Provide(provide_operator),
        },
        exception_handlers=EXCEPTION_HANDLERS,
        before_send=[_add_strict_headers],
        request_max_body_size=MAX_BODY_BYTES,
        openapi_config=OpenAPIConfig(
            title="Logster",
            version=__version__,
            path=f"{API_PATH}/openapi.json",
            servers=[Server(url=root or "/")],
            render_plugins=[ApiDocument(path="/")],
            use_handler_docstrings=True,
        ),
        logging_config=None,
        state=State(),
    )
    app.state.parameters = name_parameters(app)
    return functools.partial(_route, app)


async def provide_viewer(request: AnyRequest, access: NamedDependency[Access]) -> Principal:
    """Who may look; 401 or 403 for everybody else."""
    return await access.admit(request, Right.READ)


async def provide_admin(request: AnyRequest, access: NamedDependency[Access]) -> Principal:
    """Who may change keys and people; 401 or 403 for everybody else."""
    return await access.admit(request, Right.ADMIN)


def _provide(parts: Mapping[str, object], name: str) -> Provide:
    return Provide(lambda: parts[name], sync_to_thread=False)


async def _add_strict_headers(message: Message, _scope: Scope) -> None:
    if message["type"] == "http.response.start":
        headers = MutableScopeHeaders.from_message(message)
        for name, value in STRICT_HEADERS.items():
            headers.setdefault(name, value)


async def _route(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    """Requests that only ask end when nobody waits for them; the others run to their end."""
    if scope["type"] != ScopeType.HTTP:
        await app(scope, receive, send)
        return
    _fold_help(scope)
    send = packed(scope, send)
    if scope["method"] in SAFE_METHODS or scope["path"] == SQL_PATH:
        await answer_while_waited(app, scope, receive, send)
    else:
        await answer_whole(app, scope, receive, send)


def _fold_help(scope: HTTPScope) -> None:
    """The help answers in any case, as the original's addresses did."""
    path = scope["path"].lower()
    if path == "/help" or path.startswith("/help/"):
        # Not a copy: Litestar keeps what it knows of a request in its scope.
        scope["path"] = path
        scope["raw_path"] = path.encode()
