"""What a key's settings do with its events: they are completed, and some are not kept.

In: columns before they are stamped, a batch afterwards. Out: the same columns, in place; which
events are filtered, and why.
Promise: what an event says itself always counts; a filter sees an event as it would be stored.
Nothing here is done for a key without settings.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from logster.event import Batch
from logster.ingest.sieve import find_matches

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from logster.event import Columns
    from logster.meta.key_settings import Rules

#: Index of an event that is not kept -> the reason, a short metric label.
Filtered = dict[int, str]

#: Reasons.
SEVERITY, FILTER, DISCARDED = "severity", "filter", "discarded"


class Sifted(msgspec.Struct, frozen=True):
    """A stamped batch, and which of its events are not kept."""

    events: Batch
    filtered: Filtered = {}

    @property
    def kept(self) -> Sequence[int]:
        """The indexes of the others."""
        indexes = range(len(self.events.ids))
        if not self.filtered:
            return indexes
        return [index for index in indexes if index not in self.filtered]

    @property
    def stored(self) -> Batch | None:
        """What is to be stored; None when nothing is."""
        return self.events.without(self.filtered) if self.filtered else self.events

    def place(self, repeated: Mapping[int, int]) -> Mapping[int, int]:
        """What is said by the indexes of what is stored, by those of the whole batch."""
        if not (self.filtered and repeated):
            return repeated
        kept = self.kept
        return {kept[index]: number for index, number in repeated.items()}


def sift_discarded(sifted: Sifted, keys: AbstractSet[int]) -> Sifted:
    """Without the errors of issues that somebody has discarded, by their keys."""
    issues = sifted.events.columns.issue
    if not keys or issues is None:
        return sifted
    discarded = {index: DISCARDED for index, key in enumerate(issues) if key in keys}
    return Sifted(sifted.events, discarded | sifted.filtered) if discarded else sifted


_members = msgspec.json.Decoder(dict[str, msgspec.Raw])


def complete(columns: Columns, rules: Rules) -> None:
    """Give events what they do not say themselves."""
    for name, default in rules.defaults:
        values = getattr(columns, name)
        if values is None:
            setattr(columns, name, [default] * len(columns))
        else:
            setattr(columns, name, [value or default for value in values])
    if rules.settings.properties:
        _add_properties(columns, rules.settings.properties)


def _add_properties(columns: Columns, added: Mapping[str, object]) -> None:
    alone = msgspec.json.encode(added)
    raw = _members.decode(alone)
    columns.properties = [
        _join(raw, text) if text else alone for text in columns.properties or [None] * len(columns)
    ]


def _join(added: dict[str, msgspec.Raw], text: bytes) -> bytes:
    """An event's own properties, each as it was sent, behind those that it has not."""
    try:
        return msgspec.json.encode(added | _members.decode(text))
    except ValueError:  # a name with half a character: such an event stays as it is
        return text


def find_filtered(batch: Batch, rules: Rules) -> Filtered:
    """The events that are not kept, with the reason of each; the severity is looked at first."""
    minimum = rules.minimum_severity
    severities = batch.columns.severity
    filtered: Filtered = {}
    if minimum and min(severities) < minimum:
        filtered = {index: SEVERITY for index, each in enumerate(severities) if each < minimum}
    if rules.filter is not None and len(filtered) < len(severities):
        kept = find_matches(rules.filter, batch)
        for index in range(len(severities)):
            if index not in kept:
                filtered.setdefault(index, FILTER)
    return filtered
