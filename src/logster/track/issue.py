"""An issue: new, in short, whole, and as somebody wants it to be."""

from __future__ import annotations

import msgspec

from logster.track.states import Standing, State, Until

#: What is longer of a title, a place or a name is cut, where an issue is drafted.
MAX_TITLE_CHARACTERS = 500


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """A new issue, as its first error tells of it; `grouped_by` is what its key was made of."""

    id: int
    title: str
    type: str | None
    culprit: str | None
    application: str | None
    family: str
    severity: int
    grouped_by: list[str]
    first_event: int
    first_at: int
    last_at: int
    first_release: str | None


class Sketch(msgspec.Struct, frozen=True, kw_only=True):
    """What a list is chosen and sorted by; instants are nanoseconds since 1970."""

    id: int
    first_at: int
    standing: Standing
    regressed_at: int | None
    assigned_to: str | None


class Issue(Sketch, frozen=True, kw_only=True):
    """An issue as it is kept."""

    title: str
    type: str | None
    culprit: str | None
    application: str | None
    family: str
    severity: int
    grouped_by: list[str]
    first_event: int
    last_at: int
    first_release: str | None


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """How somebody wants an issue to be; None leaves it as it is.

    `assigned_to` is the address of a member of the workspace, or "" for nobody.
    """

    state: State | None = None
    until: Until = Until()
    assigned_to: str | None = None
    comment: str | None = None
