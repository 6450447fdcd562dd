"""Issues are kept alike by SQLite and PostgreSQL."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from logster.errors import NotFoundError
from logster.track.draft import draft_of
from logster.track.issue import Wanted
from logster.track.issues import Issues
from logster.track.states import Until
from support.meta import add_workspace
from support.stored import event_at

if TYPE_CHECKING:
    from logster.meta.database import Database
    from logster.meta.meta import Meta

KEYS = (5, 2**63 - 1, 3)


async def test_issues_are_made_once_changed_merged_and_split(meta: Meta) -> None:
    workspace, other = (add_workspace(meta.database, name) for name in ("one", "other"))
    issues = Issues(meta.database, meta.live)
    drafts = [draft_of(key, event_at(key, message="a\0b\ud800"), 7) for key in KEYS]
    await asyncio.gather(*(issues.create(workspace, drafts) for _ in range(4)))
    await issues.create(other, drafts[:1])
    assert await issues.known(workspace, [*KEYS, 4]) == {key: key for key in KEYS}
    for key in KEYS:
        _, history = await issues.find(workspace, key)
        assert [entry.what for entry in history] == ["created"]

    await issues.record_seen(workspace, {5: (1, 2**62)})
    muted = Wanted(state="muted", until=Until(more=3), comment="later")
    await issues.change(workspace, [(muted, [5, 3])], who="ann")
    (issue,) = (await issues.standings(workspace, [5])).values()
    assert (issue.first_at, issue.last_at, issue.standing.until.more) == (1, 2**62, 3)
    done = await asyncio.gather(
        *(issues.note(workspace, 5, issue.standing, "unmuted") for _ in range(4))
    )
    assert sorted(done) == [False, False, False, True]

    await issues.merge(workspace, 5, [3, 2**63 - 1], who="ann")
    assert await issues.keys_of(workspace, [5]) == dict.fromkeys(KEYS, 5)
    assert (await issues.sketches(workspace, KEYS)).keys() == set(KEYS)
    await issues.split(workspace, 5, [3, 3], who="ann")
    assert await issues.known(workspace, KEYS) == {5: 5, 3: 3, 2**63 - 1: 5}
    (theirs,) = (await issues.standings(other, [5])).values()
    assert theirs.standing.state == "open"


async def test_several_changes_are_made_or_none(database: Database) -> None:
    workspace = add_workspace(database, "one")
    issues = Issues(database)
    await issues.create(workspace, [draft_of(5, event_at(5), 7)])
    resolved = Wanted(state="resolved")
    with pytest.raises(NotFoundError):
        await issues.change(workspace, [(resolved, [5]), (resolved, [6])], who="ann")
    with pytest.raises(ValueError, match="no member"):
        await issues.change(
            workspace, [(resolved, [5]), (Wanted(assigned_to="a\0"), [5])], who="ann"
        )
    (issue,) = (await issues.standings(workspace, [5])).values()
    assert issue.standing.state == "open"
