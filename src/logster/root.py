"""Where on its host this server is: at the top, or below a path such as /logs.

In: the address that people reach it by, and what requests ask for. Out: the path, "" for the top.
Promise: behind the router of a worker every path is the server's own, whether a proxy took the
root off or kept it; what goes out again (redirects, cookies, links) begins with the root.
The choices are in docs/decisions/035.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, MutableMapping
    from typing import Any

#: Longer ones fit into no cookie's path.
MAX_ROOT_LENGTH = 200

#: What Logster's own paths begin with. Below such a root nobody could say whether a proxy took
#: the root off: /api/Log of /api, or all of it?
OWN_NAMES = frozenset(
    {
        "api",
        "dashboards",
        "events",
        "favicon.ico",
        "favicon.svg",
        "health",
        "help",
        "issues",
        "login",
        "logout",
        "metrics",
        "settings",
        "static",
    }
)

_KEPT_NAMES = OWN_NAMES - {"api"}
#: Of what is below /api, the portal's part; the rest is for clients.
PORTAL_API = "/api/v1"

#: Where a scope holds it. Not ASGI's `root_path`: Litestar cuts that out of the first place of
#: the path where it stands, so that /settings below /s would be /ettings.
_KEY = "app_root_path"

_URL = re.compile(r"(?i:https?)://([^/?#]+)([^?#]*)([?#]?.*)", re.DOTALL)
_HOST = re.compile(rb"(?:[A-Za-z0-9._~-]+|\[[0-9A-Fa-f:.]+\])(?::([0-9]{1,5}))?")
MAX_PORT = 65_535
#: What means the same in a URL, a cookie's path, an attribute of HTML and a shell.
_NAME = re.compile(r"[A-Za-z0-9._~-]+")


def read_root(url: str) -> str:
    """The path of an address that people reach this server by; raises ValueError."""
    found = _URL.fullmatch(url)
    if not found:
        raise ValueError("it must begin with http:// or https:// and name a host")
    host, path, rest = found.groups()
    if rest:
        raise ValueError("it must end before a query (?) or fragment (#)")
    if not _is_host(host):
        raise ValueError(
            f"{host!r} is no host; give a name or an address, perhaps with a port up to {MAX_PORT}"
        )
    root = path.removesuffix("/")
    _check_root(root)
    return root


def _is_host(text: str) -> bool:
    try:
        found = _HOST.fullmatch(text.encode("idna"))
    except UnicodeError:
        return False
    return found is not None and int(found[1] or 0) <= MAX_PORT


def _check_root(root: str) -> None:
    names = root.split("/")[1:]
    for name in names:
        if name in ("", ".", ".."):
            raise ValueError(f"its path {root!r} must have no {'/' + name!r} in it")
        if not _NAME.fullmatch(name):
            raise ValueError(f"its path {root!r} may hold letters, digits and - . _ ~ alone")
    if names and names[0].lower() in OWN_NAMES:
        raise ValueError(
            f"its path must not begin with /{names[0]}, as addresses of Logster's own do"
        )
    if len(root) > MAX_ROOT_LENGTH:
        raise ValueError(f"its path has {len(root)} characters; {MAX_ROOT_LENGTH} is the most")


def enter(scope: MutableMapping[str, Any], root: str) -> None:
    """Make the path of a request the server's own, and remember where that is.

    The bytes that were sent decide, so that what stands in an escape is never the root.
    """
    scope[_KEY] = root
    if _is_below(scope["raw_path"].decode("latin-1"), root):
        scope["raw_path"] = scope["raw_path"][len(root) :] or b"/"
        scope["path"] = scope["path"][len(root) :] or "/"


def root_of(scope: Mapping[str, Any]) -> str:
    """The root that a request came in by."""
    root: str = scope.get(_KEY, "")
    return root


def is_own(path: str) -> bool:
    """Whether a path (below the root) is the server's or the portal's, and no client's."""
    path = path.lower()
    if not path.strip("/"):
        return True
    is_portal_api = path == PORTAL_API or path.startswith(f"{PORTAL_API}/")
    return is_portal_api or path[1:].partition("/")[0] in _KEPT_NAMES


def inside(target: str, root: str) -> str:
    """A path and query without the root, if it stands before them."""
    if not _is_below(target, root):
        return target
    rest = target[len(root) :]
    return rest if rest.startswith("/") else f"/{rest}"


def _is_below(target: str, root: str) -> bool:
    """In any case: the native API answers so, as the original did."""
    return target[: len(root)].lower() == root.lower() and target[len(root) :][:1] in "/?#"
