"""Whatever people do with issues, in any order, among errors that come once, twice or late.

A model of a few keys stands beside a real meta database; after each step both say the same: which
issue each key belongs to, how each issue stands, and that each change is in the history once.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from logster.event import Event
from logster.meta.database import open_database
from logster.notice import Notice, Stored
from logster.track.aliases import _load
from logster.track.issue import Wanted
from logster.track.issues import Issues
from logster.track.listener import IssueListener
from support.meta import add_workspace, upgraded_file

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

KEYS = (11, 12, 13, 14)
keys = st.sampled_from(KEYS)


class Remembered:
    """A store of errors in memory: their keys and times."""

    def __init__(self) -> None:
        self.errors: list[tuple[int, int]] = []

    async def workspaces(self) -> list[int]:
        return [1]

    async def keys(self, _: int, within: tuple[int, int] | None, after: int) -> list[int]:
        return sorted({key for key, at in self._within(within) if key > after})[:2]

    async def first(
        self, _: int, wanted: Sequence[int], within: tuple[int, int] | None
    ) -> list[tuple[int, Event, int]]:
        found: list[tuple[int, Event, int]] = []
        for key in wanted:
            times = [at for each, at in self._within(within) if each == key]
            if times:
                event = Event(
                    id=key, timestamp=min(times), received_at=0, severity=4, message="m", issue=key
                )
                found.append((key, event, max(times)))
        return found

    async def times(
        self, _: int, wanted: Sequence[int], within: tuple[int, int] | None
    ) -> list[tuple[int, int, int]]:
        return [
            (key, event.timestamp, last) for key, event, last in await self.first(1, wanted, within)
        ]

    async def since(
        self, _: int, since: Mapping[int, int], hour_ns: int
    ) -> list[tuple[int, str, int, int, int]]:
        found = []
        for key, since_ns in since.items():
            times = [at for each, at in self.errors if each == key and at > since_ns]
            if times:
                in_hour = sum(at >= hour_ns for at in times)
                found.append((key, "", len(times), max(times), in_hour))
        return found

    async def first_of_releases(self, _: int, __: str, releases: Sequence[str]) -> dict[str, int]:
        return dict.fromkeys(releases, 0)

    def _within(self, within: tuple[int, int] | None) -> list[tuple[int, int]]:
        first, last = within or (0, 2**63)
        return [(key, at) for key, at in self.errors if first <= at <= last]


class IssueMachine(RuleBasedStateMachine):
    """Two workers' ears and a person, over one database."""

    def __init__(self) -> None:
        super().__init__()
        self._folder = TemporaryDirectory()
        self._database = open_database(upgraded_file(Path(self._folder.name) / "meta"))
        self._workspace = add_workspace(self._database, "machine")
        self._issues = Issues(self._database)
        self._store = Remembered()
        self._ears = [IssueListener(self._issues, self._store) for _ in range(2)]
        self._notices: list[Notice] = []
        self._clock = itertools.count(time.time_ns())
        #: Key -> its issue; issue -> its state, since when, and what it was told.
        self.issue_of: dict[int, int] = {}
        self.state: dict[int, str] = {}
        self.told: dict[int, list[str]] = {}

    def teardown(self) -> None:
        self._database.close()
        self._folder.cleanup()

    @rule(key=keys, is_late=st.booleans(), times=st.integers(1, 2))
    def an_error_comes(self, key: int, is_late: bool, times: int) -> None:
        at = time.time_ns() - (3_600_000_000_000 if is_late else 0)
        self._store.errors.append((key, at))
        stored = Stored(count=1, first_at=at, last_at=at, fingerprints=frozenset({key}))
        notice = Notice(f"token-{len(self._notices)}", {self._workspace: stored})
        self._notices.append(notice)
        self._hear(notice, times)
        if key not in self.issue_of:
            self.issue_of[key] = key
            self.state[key] = "open"
            self.told[key] = ["created"]
        elif not is_late:
            issue = self.issue_of[key]
            if self.state[issue] == "resolved":
                self._set(issue, "open", "regressed")

    @rule(times=st.integers(1, 2), data=st.data())
    @precondition(lambda self: self._notices)
    def an_old_notice_comes_again(self, times: int, data: st.DataObject) -> None:
        self._hear(data.draw(st.sampled_from(self._notices)), times)

    @rule()
    def somebody_must_look_everywhere(self) -> None:
        asyncio.run(self._ears[0].hear(Notice(None, None)))

    @rule(data=st.data(), state=st.sampled_from(["open", "resolved", "ignored", "muted"]))
    @precondition(lambda self: self.state)
    def a_person_decides(self, data: st.DataObject, state: Any) -> None:
        issue = data.draw(st.sampled_from(self._wholes()))
        wanted = Wanted(state=state)
        asyncio.run(self._issues.change(self._workspace, [(wanted, [issue])], who="ann"))
        self._set(issue, state, state)

    @rule(data=st.data())
    @precondition(lambda self: len(self._wholes()) > 1)
    def issues_are_merged(self, data: st.DataObject) -> None:
        into, other = data.draw(st.permutations(self._wholes()))[:2]
        asyncio.run(self._issues.merge(self._workspace, into, [other], who="ann"))
        for key, issue in self.issue_of.items():
            if issue == other:
                self.issue_of[key] = into
        self.told[into].append("merged")
        self.told[other].append("merged")

    @rule(data=st.data())
    @precondition(lambda self: any(key != issue for key, issue in self.issue_of.items()))
    def an_issue_is_split(self, data: st.DataObject) -> None:
        merged = [key for key, issue in self.issue_of.items() if key != issue]
        key = data.draw(st.sampled_from(sorted(merged)))
        issue = self.issue_of[key]
        asyncio.run(self._issues.split(self._workspace, issue, [key], who="ann"))
        self.issue_of[key] = key
        self.told[issue].append("split")
        self.told[key].append("split")

    @invariant()
    def the_database_says_what_the_model_says(self) -> None:
        known = asyncio.run(self._issues.known(self._workspace, KEYS))
        assert known == self.issue_of
        sketches = asyncio.run(self._issues.sketches(self._workspace, KEYS))
        assert {number: sketch.standing.state for number, sketch in sketches.items()} == self.state
        for issue, told in self.told.items():
            _, history = asyncio.run(self._issues.find(self._workspace, issue))
            assert [entry.what for entry in reversed(history)] == told

    @invariant()
    def aliases_lead_to_the_same_issues(self) -> None:
        with self._database.reading() as connection:
            merged = _load(connection).get(self._workspace)
        for key, issue in self.issue_of.items():
            assert (merged.issue_of(key) if merged else key) == issue
            if merged:
                whole = {each for each, other in self.issue_of.items() if other == issue}
                assert set(merged.keys_of(issue)) == whole

    def _hear(self, notice: Notice, times: int) -> None:
        async def hear() -> None:
            await asyncio.gather(*(ear.hear(notice) for ear in self._ears for _ in range(times)))

        asyncio.run(hear())

    def _wholes(self) -> list[int]:
        return sorted(set(self.issue_of.values()))

    def _set(self, issue: int, state: str, what: str) -> None:
        self.state[issue] = state
        self.told[issue].append(what)


TestIssueMachine = IssueMachine.TestCase
TestIssueMachine.settings = settings(max_examples=12, stateful_step_count=25, deadline=None)
