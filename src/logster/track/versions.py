"""Which of two releases is the newer one.

In: names of releases as programs send them. Out: an order, or none where the names alone do not
say it. Promise: pure; any text is a name.

`shop@1.4.0+build7`, `v1.4`, `1.4.0-rc.1` are read as versions (semver.org, 2.0, with one to four
numbers and what stands before an `@` left out); a hash of a commit is none.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping

_VERSION = re.compile(
    r"v?(\d{1,9}(?:\.\d{1,9}){0,3})(?:-([0-9A-Za-z.-]{1,100}))?(?:\+[0-9A-Za-z.-]{1,200})?",
    re.ASCII,
)
#: A number alone is a version when it is short: 20261201 is a build, which goes by its time.
_MAX_LONE_DIGITS = 4
_NUMBERS = 4


class Version(msgspec.Struct, frozen=True, order=True):
    """Its numbers, and what tells those before the release from it; compares as it should."""

    numbers: tuple[int, ...]
    #: 1 for the release itself, which is newer than all that leads to it.
    is_release: int
    #: Numbers stand before words: (0, 12, "") and (1, 0, "rc").
    steps: tuple[tuple[int, int, str], ...]


def parse_version(release: str) -> Version | None:
    """The version that a release's name states."""
    found = _VERSION.fullmatch(release.rpartition("@")[2])
    if found is None:
        return None
    numbers, before = found.groups()
    if "." not in numbers and (len(numbers) > _MAX_LONE_DIGITS or before):
        return None
    parts = tuple(map(int, numbers.split(".")))
    padded = parts + (0,) * (_NUMBERS - len(parts))
    return Version(padded, int(before is None), tuple(map(_step, (before or "").split("."))))


def _step(text: str) -> tuple[int, int, str]:
    return (0, int(text), "") if text.isdecimal() else (1, 0, text)


def is_newer(release: str, than: str, first_seen: Mapping[str, int]) -> bool:
    """Whether a release came after another one.

    By their versions when both state one, else by when each was first seen (nanoseconds since
    1970); one that was not seen yet is the newest.
    """
    if release == than:
        return False
    one, other = parse_version(release), parse_version(than)
    if one is not None and other is not None:
        return one > other
    if than not in first_seen:
        return False
    return release not in first_seen or first_seen[release] > first_seen[than]


def newest_of(first_seen: Mapping[str, int]) -> str | None:
    """The newest of the releases that were seen; None of none."""
    newest: str | None = None
    for release in sorted(first_seen):
        if newest is None or is_newer(release, newest, first_seen):
            newest = release
    return newest
