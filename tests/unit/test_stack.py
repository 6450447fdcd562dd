"""Exceptions as parts of a key: which of them count, which of their frames, and why."""

from __future__ import annotations

from typing import Any

import pytest

from logster.track.chain import Chain, Frame, Raised
from logster.track.evidence import Evidence, Explanation
from logster.track.fingerprint import VERSION, explain, fingerprint, fingerprints
from logster.track.owncode import OwnCode


def at(*names: str, **others: Any) -> tuple[Frame, ...]:
    return tuple(Frame(function=name, **others) for name in names)


def library(*names: str) -> tuple[Frame, ...]:
    return at(*names, in_app=False)


GONE = Raised(type="acme.GoneException", message="bay 4", frames=at("acme.Bay.open"))


def of(*raised: Raised, family: str = "java", own_code: OwnCode | None = None) -> Explanation:
    return explain(Evidence(application="depot", chain=Chain(family, raised)), own_code)


def told(explanation: Explanation) -> list[str]:
    return [part.text for part in explanation.parts if part.kind not in ("application", "family")]


def caused(cause: Raised, **outer: Any) -> tuple[Raised, Raised]:
    inner = Raised(
        type=cause.type,
        message=cause.message,
        frames=cause.frames,
        parent=0,
        relation=outer.pop("relation", "cause"),
    )
    return Raised(**outer), inner


def test_a_key_tells_its_types_and_own_frames() -> None:
    found = of(
        Raised(
            type="acme.GoneException",
            message="bay 4",
            frames=at("acme.Bay.open", "acme.Bay.find") + library("java.lang.Thread.run"),
        )
    )
    assert told(found) == ["acme.GoneException", "acme.Bay.open", "acme.Bay.find"]
    assert found.summary == "`acme.GoneException` + 2 own frames"
    assert [(each.why, each.count, each.first) for each in found.dropped] == [
        ("of a library", 1, "java.lang.Thread.run")
    ]


def test_the_root_stands_first() -> None:
    found = of(*caused(GONE, type="acme.OuterException", frames=at("acme.Main.run")))
    assert told(found) == [
        "acme.GoneException",
        "acme.Bay.open",
        "acme.OuterException",
        "acme.Main.run",
    ]


def test_a_wrapper_without_own_frames_is_left_out() -> None:
    wrapped = caused(GONE, type="java.util.concurrent.ExecutionException", frames=library("a.b"))
    assert of(*wrapped).key == of(GONE).key
    assert "a wrapper, without an own frame" in [each.why for each in of(*wrapped).dropped]


def test_a_wrapper_that_holds_nothing_counts() -> None:
    found = of(Raised(type="java.util.concurrent.ExecutionException", message="late"))
    assert told(found) == ["java.util.concurrent.ExecutionException", "late"]


def test_what_was_suppressed_does_not_count() -> None:
    outer, inner = caused(
        Raised(type="IOException", frames=at("acme.Bay.close")),
        type=GONE.type,
        message=GONE.message,
        frames=GONE.frames,
        relation="suppressed",
    )
    assert of(outer, inner).key == of(GONE).key


def group_of(*members: Raised) -> tuple[Raised, ...]:
    inner = (
        Raised(type=each.type, frames=each.frames, parent=0, relation="member") for each in members
    )
    return Raised(type="ExceptionGroup", frames=at("main")), *inner


def test_a_group_is_what_is_in_it() -> None:
    full = Raised(type="acme.FullException", frames=at("acme.Bay.fill"))
    assert of(*group_of(GONE, GONE)).key == of(*group_of(GONE, GONE, GONE)).key == of(GONE).key
    assert of(*group_of(GONE, full)).key == of(*group_of(full, GONE, full)).key
    assert of(*group_of(GONE, full)).key != of(GONE).key


def test_an_exception_that_comes_again_in_its_chain_tells_nothing() -> None:
    twice = of(*caused(GONE, type=GONE.type, message="again", frames=GONE.frames))
    assert twice.key == of(GONE).key


@pytest.mark.parametrize("depth", [1, 2, 7, 300])
def test_the_depth_of_a_recursion_and_where_it_ended_do_not_count(depth: int) -> None:
    begun = of(Raised(type="a.B", frames=at(*["x.a", "x.b"] * depth, "x.main")))
    other = of(Raised(type="a.B", frames=at(*["x.b", "x.a"] * depth, "x.b", "x.main")))
    assert begun.key == other.key


def test_only_the_frames_nearest_the_throw_count() -> None:
    near = [f"acme.C.m{letter}" for letter in "abcdefgh"]
    one = of(Raised(type="a.B", frames=at(*near, "acme.Main.cli")))
    other = of(Raised(type="a.B", frames=at(*near, "acme.Main.web")))
    assert one.key == other.key


def test_without_own_frames_what_was_said_counts() -> None:
    one = of(Raised(type="a.B", message="refused by 10.0.0.1:5", frames=library("x.y")))
    same = of(Raised(type="a.B", message="refused by 10.0.0.9:7", frames=library("x.y")))
    other = of(Raised(type="a.B", message="timed out", frames=library("x.y")))
    assert one.key == same.key != other.key
    assert one.summary == "`a.B` + its message + 1 library frame"


def test_where_messages_are_in_the_language_of_the_machine_a_type_of_its_own_is_enough() -> None:
    def raised(kind: str, said: str) -> int:
        return of(Raised(type=kind, message=said, frames=library("System.X")), family="dotnet").key

    assert raised("System.FormatException", "bad") == raised("System.FormatException", "falsch")
    assert raised("System.Exception", "bad") != raised("System.Exception", "falsch")


def test_frames_that_are_nothing_but_plumbing_count_when_there_are_no_others() -> None:
    found = of(Raised(type="E", frames=at("wrapper", file="/srv/timing.py")), family="python")
    assert told(found) == ["E", "timing.py:wrapper"]


def test_own_code_is_what_somebody_has_said() -> None:
    raised = Raised(type="a.B", message="m", frames=library("vendored.X.run") + at("acme.Y.run"))
    rules = OwnCode(own=("vendored.",), library=("acme.", "acme.Y"))
    assert told(of(raised, own_code=rules)) == ["a.B", "vendored.X.run"]
    files = (Frame(function="run", file="C:\\srv\\lib\\a.py"), Frame(function="go", file="b.py"))
    by_file = Raised(type="E", message="m", frames=files)
    rules = OwnCode(library=("srv/lib",))
    assert told(of(by_file, family="python", own_code=rules)) == ["E", "b.py:go"]


def test_the_longest_prefix_decides() -> None:
    rules = OwnCode(own=("acme.own.",), library=("acme.",))
    own, other = at("acme.own.X", "acme.X")
    assert (rules.claims(own), rules.claims(other)) == (True, False)


def test_a_literal_fingerprint_has_no_family_and_no_version() -> None:
    def key(family: str) -> int:
        chain = Chain(family, (GONE,))
        return fingerprint(Evidence(application="depot", chain=chain, fingerprint=("down",)))

    assert key("java") == key("python")


def test_keys_of_several_versions_are_had_at_once() -> None:
    evidence = Evidence(application="depot", chain=Chain("java", (GONE,)))
    assert fingerprints(evidence) == {VERSION: fingerprint(evidence)}
    with pytest.raises(KeyError):
        fingerprints(evidence, versions=[99])
