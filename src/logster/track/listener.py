"""Issues learn of the errors that were stored: new ones are made, old ones open again.

In: a notice of the drain (docs/decisions/036). Out: changes of issues.
Promise: whatever comes twice, or by two workers, changes nothing a second time: an issue is called
by its key, its counts are asked of the store and never added up, and what opens it again names
the state that it was in.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Protocol, TypeAlias

from logster.track.fingerprint import explain
from logster.track.issues import Draft
from logster.track.states import HOUR_NS, Seen, decide
from logster.track.title import title_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from logster.event import Event
    from logster.notice import Notice, Stored
    from logster.track.evidence import Evidence
    from logster.track.issues import Issue, Issues

Range: TypeAlias = "tuple[int, int]"

#: The time of an issue's last error is written down so often at the most.
SEEN_NS = 60 * 1_000_000_000
#: So many first events are held at a time. Who makes a key of each error keeps the listener busy
#: beyond its time, and is told of again: what was made until then is known.
MAX_NEW = 500


class Errors(Protocol):
    """What is asked of the store; a range is nanoseconds since 1970, both ends included."""

    async def workspaces(self) -> list[int]:
        """Those that have errors."""
        ...

    async def keys(self, workspace: int, within: Range | None) -> list[int]:
        """The keys of a range, of all time for None."""
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
        self, workspace: int, keys: Sequence[int], since_ns: int, hour_ns: int
    ) -> list[tuple[int, str, int, int, int]]:
        """By key and release: the count, the time of the last, the count since `hour_ns`."""
        ...

    async def first_of_releases(self, workspace: int, releases: Sequence[str]) -> dict[str, int]:
        """When each release was first seen."""
        ...


class IssueListener:
    """One worker's ear."""

    def __init__(
        self,
        issues: Issues,
        errors: Errors,
        *,
        read_evidence: Callable[[Event], Evidence],
    ) -> None:
        """`read_evidence` tells what an event's key was made of."""
        self._issues = issues
        self._errors = errors
        self._read_evidence = read_evidence

    async def hear(self, notice: Notice) -> None:
        """Look at all that a claim held; raises what the databases raise, to be told again."""
        if notice.workspaces is None:
            for workspace in await self._errors.workspaces():
                keys = await self._errors.keys(workspace, None)
                await self._look_at(workspace, keys, None)
            return
        for workspace, stored in notice.workspaces.items():
            await self._look_into(workspace, stored)

    async def _look_into(self, workspace: int, stored: Stored) -> None:
        within = (stored.first_at, stored.last_at)
        keys: Iterable[int]
        if stored.fingerprints is None:
            keys = await self._errors.keys(workspace, within)
        else:
            keys = stored.fingerprints
        await self._look_at(workspace, sorted(keys), within)

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
        await self._open_again(workspace, known, kept)
        await self._record_seen(workspace, known, kept, within)

    async def _make(self, workspace: int, keys: Sequence[int], within: Range | None) -> None:
        firsts = await self._errors.first(workspace, keys, within)
        await self._issues.create(workspace, [self._draft(*first) for first in firsts])

    def _draft(self, key: int, event: Event, last_at: int) -> Draft:
        evidence = self._read_evidence(event)
        chain, grouped = evidence.chain, explain(evidence)
        title = title_of(event, evidence)
        return Draft(
            id=key,
            title=title.text,
            type=title.type,
            culprit=title.culprit,
            application=event.application,
            family=chain.family if chain else evidence.family,
            severity=event.severity,
            grouped_by=[grouped.summary, *(f"{part.kind}: {part.text}" for part in grouped.parts)],
            first_event=event.id,
            first_at=event.timestamp,
            last_at=last_at,
            first_release=event.release,
        )

    async def _open_again(
        self, workspace: int, known: Mapping[int, int], kept: Mapping[int, Issue]
    ) -> None:
        """Ask what came since of issues that are resolved or muted, and open those it opens."""
        waiting = {
            issue.id: issue
            for issue in kept.values()
            if issue.standing.state in ("resolved", "muted")
        }
        keys = [key for key, issue in known.items() if issue in waiting]
        if not keys:
            return
        now = time.time_ns()
        since = min(issue.standing.state_at for issue in waiting.values())
        seen: dict[int, list[Seen]] = {}
        for key, release, count, last_at, in_hour in await self._errors.since(
            workspace, keys, since, now - HOUR_NS
        ):
            errors = Seen(release=release, count=count, last_at=last_at, in_hour=in_hour)
            seen.setdefault(known[key], []).append(errors)
        releases = _releases_of(waiting.values(), seen)
        first_seen = await self._errors.first_of_releases(workspace, releases)
        for number, issue in waiting.items():
            standing = issue.standing
            change = decide(standing, seen.get(number, ()), now=now, first_seen=first_seen)
            if change:
                await self._issues.note(workspace, number, standing, change)

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


def _releases_of(issues: Iterable[Issue], seen: Mapping[int, Sequence[Seen]]) -> list[str]:
    """The releases that are compared: those that issues are resolved in, those that came."""
    untils = [issue.standing.until for issue in issues]
    names = {name for until in untils for name in (until.release, until.after)}
    names |= {errors.release for each in seen.values() for errors in each}
    return sorted(filter(None, names))
