"""Whose code a frame is: what somebody has said about it, else what its family knows.

In: a frame, and prefixes of modules, functions and files. Out: whether it is the program's own.
Promise: pure; the longest prefix that fits decides.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable

    from logster.track.chain import Frame


class OwnCode(msgspec.Struct, frozen=True):
    """What somebody has said about an application: `com.acme.`, `/srv/app/`, `Acme.Vendored`."""

    own: tuple[str, ...] = ()
    library: tuple[str, ...] = ()

    def claims(self, frame: Frame) -> bool:
        """Whether a frame is the program's own."""
        own, library = _longest(self.own, frame), _longest(self.library, frame)
        return frame.in_app if own == library else own > library


def _longest(prefixes: Iterable[str], frame: Frame) -> int:
    return max((len(prefix) for prefix in prefixes if _fits(prefix, frame)), default=0)


def _fits(prefix: str, frame: Frame) -> bool:
    """A file fits from its beginning, or from any of its folders on."""
    if any(name is not None and name.startswith(prefix) for name in (frame.module, frame.function)):
        return True
    if frame.file is None or not prefix:
        return False
    path = frame.file.replace("\\", "/")
    return path.startswith(prefix) or f"/{prefix.lstrip('/')}" in path
