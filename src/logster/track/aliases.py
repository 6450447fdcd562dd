"""Which issue the errors of a key belong to, and which are discarded, without I/O.

In: keys of events. Out: issues; and of an issue, the keys of its events.
Promise: a merge anywhere holds in every worker within a second. An issue is called by the key of
its first error, so only what was merged has to be known.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from sqlalchemy import select

from logster.meta import tables
from logster.query.tree import And, Equal, Field, Filter, Not, Or

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Connection

    from logster.meta.live import LiveValues

#: Its name among the live values.
PART = "issues"
ISSUE = Field("issue")


class Merged(msgspec.Struct, frozen=True):
    """What was merged in one workspace: key -> issue, and issue -> its keys.

    `discarded` are the keys of errors that are not kept.
    """

    issues: dict[int, int] = {}
    keys: dict[int, tuple[int, ...]] = {}
    discarded: frozenset[int] = frozenset()

    def issue_of(self, key: int) -> int:
        """The issue that the errors of a key belong to."""
        return self.issues.get(key, key)

    def keys_of(self, issue: int) -> tuple[int, ...]:
        """The keys of an issue; of one that is part of another now, those of the whole."""
        whole = self.issue_of(issue)
        return self.keys.get(whole, (whole,))

    def spell_out(self, tree: Filter) -> Filter:
        """A filter that names issues, as one that names keys: the store knows no others."""
        if not self.issues:
            return tree
        match tree:
            case And(filters):
                return And(tuple(map(self.spell_out, filters)))
            case Or(filters):
                return Or(tuple(map(self.spell_out, filters)))
            case Not(part):
                return Not(self.spell_out(part))
            case Equal(field, value) if field == ISSUE and isinstance(value, int):
                keys = self.keys_of(value)
                return tree if keys == (value,) else Or(tuple(Equal(ISSUE, key) for key in keys))
            case _:
                return tree


NOTHING = Merged()


class Aliases:
    """What was merged in each workspace, as one worker knows it."""

    def __init__(self, live: LiveValues) -> None:
        nothing: Mapping[int, Merged] = {}
        self._merged = live.add(PART, _load, nothing)

    def within(self, workspace: int) -> Merged:
        """What was merged in a workspace."""
        return self._merged.now.get(workspace, NOTHING)


def _load(connection: Connection) -> Mapping[int, Merged]:
    merged, discarded = _load_merged(connection), _load_discarded(connection)
    return {
        workspace: Merged(
            {
                key: issue
                for issue, keys in merged.get(workspace, {}).items()
                for key in keys
                if key != issue
            },
            {issue: tuple(sorted(keys)) for issue, keys in merged.get(workspace, {}).items()},
            frozenset(discarded.get(workspace, ())),
        )
        for workspace in merged.keys() | discarded.keys()
    }


def _load_merged(connection: Connection) -> dict[int, dict[int, list[int]]]:
    """By workspace and issue, all keys of the issues that others were merged into."""
    kept = tables.issue_keys.c
    targets = select(kept.workspace, kept.issue).where(kept.key != kept.issue).distinct().subquery()
    same = (kept.workspace == targets.c.workspace) & (kept.issue == targets.c.issue)
    question = select(kept.workspace, kept.key, kept.issue).join(targets, same)
    found: dict[int, dict[int, list[int]]] = {}
    for workspace, key, issue in connection.execute(question):
        found.setdefault(workspace, {}).setdefault(issue, []).append(key)
    return found


def _load_discarded(connection: Connection) -> dict[int, list[int]]:
    """By workspace, the keys of the issues that are discarded."""
    kept, issues = tables.issue_keys.c, tables.issues.c
    same = (kept.workspace == issues.workspace) & (kept.issue == issues.id)
    question = select(kept.workspace, kept.key).join(tables.issues, same)
    found: dict[int, list[int]] = {}
    for workspace, key in connection.execute(question.where(issues.state == "discarded")):
        found.setdefault(workspace, []).append(key)
    return found
