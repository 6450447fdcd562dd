"""Issues learn of the errors that were stored: new ones are made, old ones open again.

In: a notice of the drain (docs/decisions/036). Out: changes of issues.
Promise: whatever comes twice, or by two workers, changes nothing a second time: an issue is called
by its key, its counts are asked of the store and never added up, and what opens it again names
the state that it was in.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Protocol, TypeAlias

from logster.track.draft import draft_of
from logster.track.states import HOUR_NS, Seen, decide
from logster.track.versions import parse_version

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from logster.event import Event
    from logster.notice import Notice, Stored
    from logster.track.issue import Draft, Issue
    from logster.track.issues import Issues

Range: TypeAlias = "tuple[int, int]"

#: The time of an issue's last error is written down so often at the most.
SEEN_NS = 60 * 1_000_000_000
#: So many first events are held at a time. Who makes a key of each error keeps the listener busy
#: beyond its time, and is told of again: what was made until then is known.
MAX_NEW = 100


class Errors(Protocol):
    """What is asked of the store; a range is nanoseconds since 1970, both ends included."""

    async def workspaces(self) -> list[int]:
        """Those that have errors."""
        ...

    async def keys(self, workspace: int, within: Range | None, after: int) -> list[int]:
        """The next keys of a range behind a key, in their order; of all time for None."""
        ...

    async def first(
        self, workspace: int, keys: Sequence[int], within: Range | None
    ) -> list[tuple[int, Event, int]]:
        """Of each key that is there: itself, its first event, the time of its last one."""
        ...

    async def times(
        self, workspace: int, keys: Sequence[int], within: Range | None
    ) -> list[tuple[int, int, int]]:
        """Of each key that is there: the times of the first and the last error."""
        ...

    async def since(
        self, workspace: int, since: Mapping[int, int], hour_ns: int
    ) -> list[tuple[int, str, int, int, int]]:
        """By key and release, of each key since its own moment.

        Gives the count, the time of the last, the count since `hour_ns`.
        """
        ...

    async def first_of_releases(
        self, workspace: int, application: str, releases: Sequence[str]
    ) -> dict[str, int]:
        """When each release of an application was first seen."""
        ...


class IssueListener:
    """One worker's ear."""

    def __init__(self, issues: Issues, errors: Errors) -> None:
        self._issues = issues
        self._errors = errors

    async def hear(self, notice: Notice) -> None:
        """Look at all that a claim held; raises what the databases raise, to be told again.

        One workspace that fails keeps no other from it.
        """
        failure: Exception | None = None
        for workspace, stored in await self._places(notice):
            try:
                await self._look_into(workspace, stored)
            except Exception as error:  # noqa: BLE001 - raised when all had their turn
                failure = failure or error
        if failure:
            raise failure

    async def _places(self, notice: Notice) -> list[tuple[int, Stored | None]]:
        """Where to look; None: at everything that is there."""
        if notice.workspaces is None:
            return [(workspace, None) for workspace in await self._errors.workspaces()]
        return list(notice.workspaces.items())

    async def _look_into(self, workspace: int, stored: Stored | None) -> None:
        within = (stored.first_at, stored.last_at) if stored else None
        if stored is not None and stored.fingerprints is not None:
            await self._look_at(workspace, sorted(stored.fingerprints), within)
            return
        # By number, not by how many errors: a noisy key pushes out no rare one.
        keys = await self._errors.keys(workspace, within, 0)
        while keys:
            await self._look_at(workspace, keys, within)
            keys = await self._errors.keys(workspace, within, keys[-1])

    async def _look_at(self, workspace: int, keys: Sequence[int], within: Range | None) -> None:
        if not keys:
            return
        known = await self._issues.known(workspace, keys)
        new = [key for key in keys if key not in known]
        for at in range(0, len(new), MAX_NEW):
            await self._make(workspace, new[at : at + MAX_NEW], within)
        if not known:
            return
        kept = await self._issues.standings(workspace, set(known.values()))
        await self._open_again(workspace, kept)
        await self._record_seen(workspace, known, kept, within)

    async def _make(self, workspace: int, keys: Sequence[int], within: Range | None) -> None:
        firsts = await self._errors.first(workspace, keys, within)

        def draft() -> list[Draft]:
            return [draft_of(*first) for first in firsts]

        await self._issues.create(workspace, await asyncio.to_thread(draft))

    async def _open_again(self, workspace: int, kept: Mapping[int, Issue]) -> None:
        """Ask what came since of issues that are resolved or muted, and open those it opens."""
        waiting = {
            issue.id: issue
            for issue in kept.values()
            if issue.standing.state in ("resolved", "muted")
        }
        if not waiting:
            return
        now = time.time_ns()
        seen = await self._count_since(workspace, waiting, now)
        for number, issue in waiting.items():
            first_seen = await self._first_seen(workspace, issue, seen.get(number, ()))
            change = decide(issue.standing, seen.get(number, ()), now=now, first_seen=first_seen)
            if change:
                await self._issues.note(workspace, number, issue.standing, change)

    async def _count_since(
        self, workspace: int, waiting: Mapping[int, Issue], now: int
    ) -> dict[int, list[Seen]]:
        """What came of each issue since its own state began, by all of its keys."""
        keys = await self._issues.keys_of(workspace, waiting)
        since = {key: waiting[issue].standing.state_at for key, issue in keys.items()}
        seen: dict[int, list[Seen]] = {}
        for key, release, count, last_at, in_hour in await self._errors.since(
            workspace, since, now - HOUR_NS
        ):
            errors = Seen(release=release, count=count, last_at=last_at, in_hour=in_hour)
            seen.setdefault(keys[key], []).append(errors)
        return seen

    async def _first_seen(
        self, workspace: int, issue: Issue, seen: Sequence[Seen]
    ) -> dict[str, int]:
        """When releases were first seen, where their names do not tell which is the newer one."""
        until = issue.standing.until
        asked = until.release or until.after
        if asked is None:
            return {}
        names = {asked, *(errors.release for errors in seen)} - {""}
        if all(map(parse_version, names)):
            return {}
        application = issue.application or ""
        return await self._errors.first_of_releases(workspace, application, sorted(names))

    async def _record_seen(
        self,
        workspace: int,
        known: Mapping[int, int],
        kept: Mapping[int, Issue],
        within: Range | None,
    ) -> None:
        """Write down when the first and the last error of issues came, now and then.

        Their own times are asked for: beside them a claim may hold an event of tomorrow.
        """
        due = [
            key for key, issue in known.items() if issue in kept and _is_due(kept[issue], within)
        ]
        seen: dict[int, tuple[int, int]] = {}
        for key, first_at, last_at in await self._errors.times(workspace, due, within):
            before = seen.get(known[key], (first_at, last_at))
            seen[known[key]] = (min(before[0], first_at), max(before[1], last_at))
        if seen:
            await self._issues.record_seen(workspace, seen)


def _is_due(issue: Issue, within: Range | None) -> bool:
    if within is None:
        return True
    first_at, last_at = within
    return first_at < issue.first_at or last_at - issue.last_at > SEEN_NS
