"""The portal's built files: read once, sent from memory, kept by browsers as long as is right.

In: the folder the portal's build filled. Out: answers with ETag, length and encoding.
Promise: nothing outside the folder can be asked for: the names are looked up in a table.
"""

import gzip
import hashlib
import mimetypes
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import brotli
import msgspec
from litestar import Request, Response

#: Built by `make portal`, or by the wheel's build.
STATIC_FOLDER = Path(__file__).parent / "static"

# `index-B3kq_1Zx.js`: the build puts a hash of the content into the name.
_HASHED = re.compile(r"-[A-Za-z0-9_-]{8}\.[a-z0-9.]+$")
_YEAR_S = 31_536_000
#: Best first.
_ENCODINGS = ("br", "gzip")
#: 10 and 11 save 3 % more and take ten times as long.
BROTLI_QUALITY = 9


class BuiltFile(msgspec.Struct, frozen=True, kw_only=True):
    """One file, plain under "" and in each encoding."""

    media_type: str
    etag: str
    cache_control: str
    bodies: dict[str, bytes]


class BuiltFiles:
    """The files of a folder, by their path inside it."""

    def __init__(self, folder: Path = STATIC_FOLDER, root: str = "") -> None:
        """`root` is the path below which the server is reached."""
        self._files = _load(folder, root)

    def __contains__(self, name: str) -> bool:
        return name in self._files

    def answer(self, name: str, request: Request[Any, Any, Any]) -> Response[bytes] | None:
        """Send a file, or 304 to who has it; None when there is none of that name."""
        file = self._files.get(name)
        if file is None:
            return None
        headers = {"ETag": file.etag, "Cache-Control": file.cache_control}
        if len(file.bodies) > 1:
            headers["Vary"] = "Accept-Encoding"
        if file.etag in request.headers.get("if-none-match", ""):
            return Response(b"", status_code=304, headers=headers)
        encoding = _choose(file.bodies, request.headers.get("accept-encoding", ""))
        if encoding:
            headers["Content-Encoding"] = encoding
        return Response(file.bodies[encoding], headers=headers, media_type=file.media_type)


def _load(folder: Path, root: str) -> dict[str, BuiltFile]:
    if not folder.is_dir():
        return {}
    return {
        path.relative_to(folder).as_posix(): _load_file(path, root)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.startswith(".")
    }


def _load_file(path: Path, root: str) -> BuiltFile:
    plain, media_type = path.read_bytes(), _media_type(path.name)
    if media_type == "text/html":
        plain = _place_shell(plain, root.encode())
    bodies = {"": plain}
    if _is_text(media_type):
        # Once per start, 50 ms for 100 kB: not worth a second copy in the wheel.
        bodies["br"] = brotli.compress(plain, quality=BROTLI_QUALITY)
        bodies["gzip"] = gzip.compress(plain, mtime=0)
    # A hashed name never changes its content; any other is asked for again, cheaply.
    forever = f"public, max-age={_YEAR_S}, immutable"
    return BuiltFile(
        media_type=media_type,
        # Weak: the compressed forms share it.
        etag=f'W/"{hashlib.sha256(bodies[""]).hexdigest()[:20]}"',
        cache_control=forever if _HASHED.search(path.name) else "no-cache",
        bodies=bodies,
    )


def _place_shell(shell: bytes, root: bytes) -> bytes:
    """The portal's page knows where it is: its script reads it, its files are found by it.

    The files themselves need not know: they name each other by relative paths.
    """
    shell = shell.replace(
        b'name="logster-root" content=""', b'name="logster-root" content="%b"' % root
    )
    return shell.replace(b'="./', b'="%b/static/' % root)


def _media_type(name: str) -> str:
    return mimetypes.guess_type(name)[0] or "application/octet-stream"


def _is_text(media_type: str) -> bool:
    return media_type.startswith("text/") or media_type.endswith(("json", "xml", "javascript"))


def _choose(bodies: Mapping[str, bytes], accepted: str) -> str:
    refused_or_not = {
        name.strip(): parameters.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
        for name, _, parameters in (part.partition(";") for part in accepted.lower().split(","))
    }
    return next((name for name in _ENCODINGS if name in bodies and refused_or_not.get(name)), "")
