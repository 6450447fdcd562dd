"""Sets of events of one issue, or of several: what `make bench-grouping` prints of."""

from __future__ import annotations

import pytest
from bench.grouping import OWN_SETS, Group, read_groups

GROUPS = list(read_groups(OWN_SETS))


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: group.id)
def test_events_are_grouped_as_their_set_says(group: Group) -> None:
    assert group.is_met(), [each.parts for each in group.explain()]


def test_every_set_has_a_name_of_its_own_and_says_why() -> None:
    assert len({group.id for group in GROUPS}) == len(GROUPS)
    assert all(group.why and len(group.events) > 1 for group in GROUPS)
