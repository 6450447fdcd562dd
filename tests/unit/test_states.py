"""When an issue opens again: by which errors, and by which never."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logster.event import NS_PER_S
from logster.track.states import HOUR_NS, Seen, Standing, State, Until, check_until, decide
from logster.track.versions import is_newer, newest_of, parse_version

NOW = 1_790_000_000 * NS_PER_S
SINCE = NOW - 10 * HOUR_NS
RESOLVED = Standing(state="resolved", state_at=SINCE)


def seen(release: str = "", *, after_ns: int = 1, count: int = 1, in_hour: int = 0) -> Seen:
    return Seen(release=release, count=count, last_at=SINCE + after_ns, in_hour=in_hour)


def test_a_resolved_issue_comes_back_with_an_error_of_a_later_time_alone() -> None:
    assert decide(RESOLVED, [seen()], now=NOW, first_seen={}) == "regressed"
    assert decide(RESOLVED, [seen(after_ns=0)], now=NOW, first_seen={}) is None
    assert decide(RESOLVED, [], now=NOW, first_seen={}) is None


@pytest.mark.parametrize(
    ("until", "release", "comes_back"),
    [
        (Until(release="1.4"), "1.3.9", False),
        (Until(release="1.4"), "1.4.0", True),
        (Until(release="1.4"), "v1.5", True),
        (Until(release="1.4"), "", False),
        (Until(after="1.4"), "1.4", False),
        (Until(after="1.4"), "1.4.0-rc.1", False),
        (Until(after="1.4"), "1.4.1", True),
        # Names that are no versions go by when they were first seen.
        (Until(after="b52"), "a51", False),
        (Until(after="b52"), "c53", True),
        (Until(release="b52"), "b52", True),
        (Until(release="b52"), "a51", False),
    ],
)
def test_an_issue_resolved_in_a_release_comes_back_with_those_that_should_not_have_it(
    until: Until, release: str, comes_back: bool
) -> None:
    standing = Standing(state="resolved", state_at=SINCE, until=until)
    first_seen = {"a51": 1, "b52": 2, "c53": 3}
    found = decide(standing, [seen(release)], now=NOW, first_seen=first_seen)
    assert found == ("regressed" if comes_back else None)


@pytest.mark.parametrize(
    ("until", "errors", "speaks"),
    [
        (Until(at=NOW), [seen()], True),
        (Until(at=NOW + 1), [seen()], False),
        (Until(more=3), [seen(count=2)], False),
        (Until(more=3), [seen(count=2), seen("1.4")], True),
        (Until(per_hour=3), [seen(count=9, in_hour=2)], False),
        (Until(per_hour=3), [seen(in_hour=2), seen("1.4", in_hour=1)], True),
        (Until(), [seen(count=1_000_000)], False),
    ],
)
def test_a_muted_issue_speaks_when_what_it_waits_for_is_there(
    until: Until, errors: list[Seen], speaks: bool
) -> None:
    standing = Standing(state="muted", state_at=SINCE, until=until)
    found = decide(standing, errors, now=NOW, first_seen={})
    assert found == ("unmuted" if speaks else None)


@pytest.mark.parametrize("state", ["open", "ignored", "discarded"])
def test_no_error_changes_what_only_a_person_decides(state: State) -> None:
    standing = Standing(state=state, state_at=SINCE)
    assert decide(standing, [seen("9.9", count=10_000)], now=NOW, first_seen={}) is None


@pytest.mark.parametrize(
    ("state", "until", "said"),
    [
        ("open", Until(at=NOW + 1), "cannot be open until 'at'; until nothing it can"),
        ("resolved", Until(more=1), "until after or release it can"),
        ("muted", Until(release="1.4"), "cannot be muted until 'release'"),
        ("resolved", Until(release=""), "1 to 200 characters"),
        ("resolved", Until(after="x" * 201), "1 to 200 characters"),
        ("muted", Until(at=NOW), "that is over"),
        ("muted", Until(more=0), "it can be 1 to"),
        ("muted", Until(more=1, per_hour=1), "until one thing"),
    ],
)
def test_a_state_waits_for_what_fits_it(state: State, until: Until, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        check_until(state, until, NOW)


def test_versions_are_in_the_order_that_semver_says() -> None:
    ordered = (
        "1.0.0-alpha",
        "1.0.0-alpha.1",
        "1.0.0-alpha.beta",
        "1.0.0-beta.2",
        "1.0.0-beta.11",
        "1.0.0-rc.1",
        "1.0.0",
        "v1.0.1",
        "shop@1.2",
        "1.10.0+build.7",
        "1.10.0.1",
        "2",
    )
    for number, older in enumerate(ordered):
        for newer in ordered[number + 1 :]:
            assert is_newer(newer, older, {}), (newer, older)
            assert not is_newer(older, newer, {}), (newer, older)
    assert newest_of(dict.fromkeys(ordered, 0)) == "2"


@pytest.mark.parametrize("name", ["", "20261201", "deadbeef", "1.2.3.4.5", "main", "1-rc", "1..2"])
def test_what_states_no_version_is_none(name: str) -> None:
    assert parse_version(name) is None


@given(
    st.text(max_size=40), st.text(max_size=40), st.dictionaries(st.text(max_size=5), st.integers())
)
def test_of_two_releases_at_most_one_is_newer(
    one: str, other: str, first_seen: dict[str, int]
) -> None:
    assert not (is_newer(one, other, first_seen) and is_newer(other, one, first_seen))
