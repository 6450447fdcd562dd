"""The name of a source file in every release, on every machine.

In: a path or an address as a runtime prints it. Out: its last part in small letters, without the
hash and the version that a bundler puts into it; for names that stand in many folders (views.py,
index.js), the folder as well. Promise: pure; linear.
"""

from __future__ import annotations

import re
from itertools import pairwise

from logster.track.words import is_hex

MAX_FILE = 500

#: In a program there are many of these, and only their folder tells them apart.
_COMMON = re.compile(
    r"(?:__init__|__main__|views?|models?|tasks|utils|helpers|admin|forms|serializers|handlers?|urls"
    r"|services?|api|routes?|routers?|schemas?|crud|signals|managers?|consumers|index|page|layout"
    r"|loader|mod|controller|actions?|reducers?|store|types|test|tests|error)\.[a-z]{1,4}"
)
#: Folders that tell nothing: where a release is unpacked, or what a build is put into.
_EMPTY_FOLDER = re.compile(
    r"(?:app|apps|src|lib|dist|build|out|current|release|releases|www|html|public|static|assets|js"
    r"|code|workspace|srv|opt|home|root|main|bin|site|repo|project|server|client|web|backend"
    r"|frontend|usr|var|tmp|node|chunks|\.|\.\.|~)?"
)
_ENDING = re.compile(r"\.[a-z]{1,6}$")
_VERSION = re.compile(r"[-.@_]v?\d+(?:\.\d+){1,3}(?=[-.]|$)")
_PLACE = re.compile(r"[?#].*", re.DOTALL)
_CELL = re.compile(r"<(?:ipython-input-[^>]{1,60}|string|stdin|unknown|template|console)>")
#: What bundlers put behind a name: eight letters in base 64, or more in hexadecimal digits.
_HASH = re.compile(r"(?<=[-.])[A-Za-z0-9_-]{8}$")
_TAIL = re.compile(r"(?<=[-.])[A-Za-z0-9]{6,64}$")
_BUILT = re.compile(r"(?:[.-](?:min|chunk|bundle|prod|umd|esm|cjs))+$")
_CHUNK = re.compile(r"(?<=chunk)[-.]\d+$")
_MIN_CHANGES = 4
_SEVERAL = 2
NUMBERED = "<n>"


def stable_file(file: str) -> str:
    """The name of a file; "" for what is none."""
    path = _PLACE.sub("", file[-MAX_FILE:].strip()).replace("\\", "/").rstrip("/")
    if _CELL.fullmatch(path):
        return path.partition("-input")[0].strip("<>")
    *folders, name = path.split("/")
    name = _without_hash(name)
    if folders and _COMMON.fullmatch(name):
        folder = folders[-1].lower()
        if not _EMPTY_FOLDER.fullmatch(folder) and not any(map(str.isdigit, folder)):
            return f"{folder}/{name}"
    return name


def _without_hash(name: str) -> str:
    found = _ENDING.search(name)
    stem, ending = (name[: found.start()], name[found.start() :]) if found else (name, "")
    stem = _BUILT.sub("", _cut_hash(_BUILT.sub("", _VERSION.sub("", stem))))
    stem = _CHUNK.sub("", stem).lower()
    return (NUMBERED if stem.isdecimal() or is_hex(stem) else stem) + ending


def _cut_hash(stem: str) -> str:
    for pattern in (_HASH, _TAIL):
        found = pattern.search(stem)
        if found and _is_made(found[0]):
            return stem[: found.start() - 1]
    return stem


def _is_made(text: str) -> bool:
    """Whether a bundler has made this, and no person."""
    if text.isupper():
        return True
    digits = sum(map(str.isdigit, text))
    if digits:
        return is_hex(text) or digits >= _SEVERAL or text != text.lower()
    changes = sum(one.isupper() != other.isupper() for one, other in pairwise(text))
    return changes >= _MIN_CHANGES
