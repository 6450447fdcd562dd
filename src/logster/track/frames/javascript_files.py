"""Whose code a file of JavaScript is.

In: the name of a file, as an engine prints it. Out: whether it is the engine's, Node's or a
package's. Promise: pure, linear.
"""

from __future__ import annotations

import re

#: Node's own modules before 16, which have no `node:`.
_NODE = (
    "module|events|net|timers|fs|vm|util|assert|buffer|child_process|stream|dgram|dns|https?|tls"
    "|zlib|path|url|querystring|readline|repl|domain|cluster|bootstrap_node|node|async_hooks"
    r"|perf_hooks|worker_threads|_[a-z_]+"
)
_LIBRARY = re.compile(
    rf"""(?:node:|internal/|<anonymous>|native$|\[native\ code\]|unknown\ location|deno:|ext:|bun:
        |chrome-extension:|moz-extension:|safari-(?:web-)?extension:|chrome://|resource://
        |extensions::|webkit-masked-url:|InternalBytecode\.js|\(webpack\)|wasm://
        |(?:{_NODE})\.js$
        |https?://(?:cdn\.|cdnjs\.|unpkg\.com|code\.jquery\.com|ajax\.googleapis\.com|esm\.sh
            |www\.google|connect\.facebook\.net|polyfill\.io|static\.cloudflareinsights\.com))
    """,
    re.VERBOSE,
)

#: Anywhere in a path; with either slash.
_PARTS = (
    "node_modules",
    "bower_components",
    "jspm_packages",
    "/webpack/bootstrap",
    "/webpack/runtime",
    "webpack/bootstrap",
    "react-native/Libraries/",
    ".yarn/cache",
    ".yarn/berry",
    "/npm:",
    "/@vite/client",
)


def is_of_library(file: str) -> bool:
    """Whether a file is of a library."""
    if not file or _LIBRARY.match(file) is not None:
        return True
    return any(part in file for part in _PARTS)
