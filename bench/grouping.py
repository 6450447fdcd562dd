"""How errors are grouped: `make bench-grouping`, of the sets of a file or a folder (BENCH=).

In: JSON lines, a set each: `{"id", "relation": "same" or "different", "contested", "events":
[{"message", "exception", "stack_trace", "application", "template", "fingerprint"}]}`.
Out: which sets are grouped otherwise than they should be, and what an event takes.
"""

from __future__ import annotations

import argparse
import time
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from logster.track.fingerprint import explain
from logster.track.group import Grouper, Texts, read_evidence

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from logster.track.evidence import Explanation

OWN_SETS = Path(__file__).parents[1] / "tests" / "corpus" / "groups"
#: Of the rounds, the quickest counts: the machine may have been busy in the others.
ROUNDS = 5


class Said(msgspec.Struct, frozen=True):
    """An event of a set."""

    message: str | None = None
    exception: str | None = None
    stack_trace: str | None = None
    application: str | None = None
    template: str | None = None
    fingerprint: list[str] | str | None = None

    def texts(self) -> Texts:
        """As the step that groups has them; an event without a message says its exception."""
        said = {"fingerprint": self.fingerprint} if self.fingerprint else None
        return Texts(
            application=self.application,
            exception=self.exception,
            stack_trace=self.stack_trace,
            message=self.message or self.exception or "",
            template=self.template,
            details=msgspec.json.encode(said) if said else None,
            properties=None,
        )


class Group(msgspec.Struct, frozen=True):
    """Events that belong to the same issue, or of which no two do."""

    id: str
    relation: Literal["same", "different"]
    events: list[Said]
    contested: bool = False
    why: str = ""

    def explain(self) -> list[Explanation]:
        """Why each event has its key."""
        return [explain(read_evidence(event.texts())) for event in self.events]

    def is_met(self) -> bool:
        """Whether the events are grouped as they should be."""
        keys = [each.key for each in self.explain()]
        if self.relation == "same":
            return len(set(keys)) == 1
        return len(set(keys)) == len(keys)


def read_groups(place: Path) -> Iterator[Group]:
    """The sets of a file, or of all files of a folder."""
    decode = msgspec.json.Decoder(Group).decode_lines
    for path in sorted(place.glob("*.jsonl")) if place.is_dir() else [place]:
        yield from decode(path.read_bytes())


def main() -> None:
    """Print what is grouped wrongly, and how long it takes."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("place", nargs="?", type=Path, default=OWN_SETS)
    groups = list(read_groups(parser.parse_args().place))
    for name, are_contested in (("clear", False), ("contested", True)):
        _report(name, [group for group in groups if group.contested is are_contested])
    events = [event for group in groups for event in group.events]
    new, known = _measure(events)
    print(f"{len(events)} events: {new:.0f} µs for a new one, {known:.1f} µs for one seen before")


def _report(name: str, groups: list[Group]) -> None:
    wrong = [group for group in groups if not group.is_met()]
    misses = sum(group.relation == "same" for group in wrong)
    print(f"{name}: {len(groups)} sets, {misses} misses, {len(wrong) - misses} false merges")
    for group in wrong:
        print(f"  {group.id}: should be {group.relation} ({group.why})")
        for told in _differences(group.explain()):
            print(f"    {told}")


def _differences(several: Iterable[Explanation]) -> Iterator[str]:
    """The parts in which events of a set differ; all of them when they do not."""
    for one, other in pairwise(several):
        parts = [part for part in one.parts if part not in other.parts] or one.parts
        yield f"{one.summary}: {_render(parts)}"
        yield f"{other.summary}: {_render(part for part in other.parts if part not in one.parts)}"


def _render(parts: Iterable[Any]) -> str:
    return "; ".join(f"{part.kind} {part.text!r}" for part in parts)


def _measure(events: list[Said]) -> tuple[float, float]:
    """CPU in µs for an event that is new, and for one that came before."""
    texts = [event.texts() for event in events]
    new: list[float] = []
    known: list[float] = []
    for _ in range(ROUNDS):
        grouper = Grouper()
        for spent in (new, known):
            began = time.process_time()
            for each in texts:
                grouper.key_of(each, 0)
            spent.append((time.process_time() - began) / len(texts) * 1e6)
    return min(new), min(known)


if __name__ == "__main__":
    main()
