"""Recorded stack traces, `tests/corpus/traces/<family>/NNN-name.txt`, and what is read of them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from logster.track.title import culprit_of

if TYPE_CHECKING:
    from logster.track.chain import Chain

TRACES = sorted((Path(__file__).parents[1] / "corpus" / "traces").glob("*/*.txt"))


def text_of(trace: Path) -> str:
    """A recorded text, with the ends of lines that it has."""
    return trace.read_bytes().decode()


def outcome_of(chain: Chain | None) -> dict[str, Any] | None:
    """A chain as JSON, with its culprit; what is not said is left out."""
    if chain is None:
        return None
    told: dict[str, Any] = {"family": chain.family, "raised": []}
    for raised in chain.raised:
        members = {
            "type": raised.type,
            "message": raised.message,
            "parent": raised.parent,
            "relation": raised.relation,
            "frames": [_told(frame) for frame in raised.frames],
        }
        told["raised"].append(members)
    culprit = culprit_of(chain)
    return told | {"culprit": culprit and _told(culprit)}


def _told(frame: Any) -> dict[str, Any]:
    members = msgspec.structs.asdict(frame)
    return {name: value for name, value in members.items() if value is not None}
