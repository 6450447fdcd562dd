"""What is not the program's own in Go: the standard library, and modules of others.

In: a function and its file, as they are printed. Out: whether both are a library's.
"""

from __future__ import annotations

import re

#: Modules in the cache (`pkg/mod`), or their version behind their path, as `-trimpath` prints it.
_OF_OTHERS = re.compile(r"/pkg/mod/|/vendor/|@v\d|^_cgo_|/usr/(?:local/)?(?:lib/)?go[^/]*/src/")
#: The first element of the paths of the standard library; a program's own may be named alike, and
#: then its file tells.
_STANDARD = frozenset(
    """
    archive bufio bytes cmp compress container context crypto database debug embed encoding
    errors expvar flag fmt go hash html image index internal io iter log maps math mime net
    os path plugin reflect regexp runtime slices sort strconv strings structs sync syscall
    testing text time unicode unique unsafe weak vendor
    """.split()  # noqa: SIM905 - a list of words is read as one
)
_PREFIXES = ("golang.org/x/", "google.golang.org/")


def is_of_library(function: str, file: str | None) -> bool:
    """Whether a frame is not the program's own."""
    if file is not None and _OF_OTHERS.search(file):
        return True
    if function.startswith(_PREFIXES):
        return True
    first = function.partition("/")[0].partition(".")[0]
    if first in {"panic", "gopanic"} or first.startswith("goPanic"):
        return True
    if first not in _STANDARD:
        return False
    return file is None or f"/src/{first}/" in file or file.startswith((f"{first}/", "<auto"))
