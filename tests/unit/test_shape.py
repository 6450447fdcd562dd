"""The shape of a message; what is masked is told by tests/corpus/groups/messages.jsonl."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logster.track.chain import Chain, Frame, Raised
from logster.track.evidence import Evidence, split_type
from logster.track.fingerprint import explain
from logster.track.shape import MAX_LINES, MAX_SHAPE, shape_of

if TYPE_CHECKING:
    from collections.abc import Callable

MEGABYTE = 1_000_000
#: Of a machine that is busy with other work; alone, each takes a hundredth.
MAX_S = 2.0


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        ("payment failed", "payment failed"),
        ("", ""),
        (" \n\n a \n  b  c \nd", "a\nb c"),
        ("order 4711 of user 'ada' at Jan  2 15:04:05", "order <n> of user <quoted> at <date>"),
        ("GET https://x.test/a?b=1, then db1.x.test:80", "GET <url> then <host>"),
        ("job 5f3a9c1 took 1h30m for 12 MB", "job <n> took <duration> for <size>"),
        ("HTTP 404 for /orders/17", "HTTP 404 for /orders/<n>"),
        ("std::vector of dead::beef9", "std::vector of dead::beef9"),
        ("java.net.SocketException: this.app", "java.net.SocketException: this.app"),
        (
            "SELECT a FROM b WHERE c IN (1, 'x') AND d = 5",
            "SELECT a FROM b WHERE c IN (?) AND d = ?",
        ),
        ("cannot update user 12", "cannot update user <n>"),
    ],
)
def test_what_varies_has_a_mask(text: str, shape: str) -> None:
    assert shape_of(text) == shape


@given(st.text() | st.text("a1 '\"=:.-/\\(),@x0F<>", max_size=300))
def test_any_text_has_a_short_shape(text: str) -> None:
    shape = shape_of(text)
    assert len(shape) <= MAX_LINES * (MAX_SHAPE + 1)
    assert shape.count("\n") < MAX_LINES


@given(st.integers(0, 10**30), st.integers(0, 10**30))
def test_a_number_is_never_part_of_a_shape(one: int, other: int) -> None:
    assert shape_of(f"lost {one} of them") == shape_of(f"lost {other} of them")


@given(st.uuids(), st.uuids())
def test_an_id_is_never_part_of_a_shape(one: object, other: object) -> None:
    assert shape_of(f"lost {one}!") == shape_of(f"lost {other}!")


PILES = [
    *("1", "a1", "a-", "a.", "a@", "a:", "'", '"', "'\"", "(", "=(", "[", "{", "select ", "/tmp/"),
    *("C:\\", "Jan ", "eyJ", "1.", "1,", "0x", "--", "%s", "\\", "$", "<", "\n", " ", "\t\n", "é"),
    *("select from in (1,", "a b ", "::", "a+", "Uncaught "),
]


@pytest.mark.parametrize("pile", PILES)
def test_a_megabyte_of_anything_is_no_work(pile: str) -> None:
    text = pile * (MEGABYTE // len(pile))
    assert_quick(lambda: shape_of(text))
    assert_quick(lambda: split_type(text))
    assert_quick(lambda: explain(Evidence(exception=text, message=text, template=text)))


def test_frames_and_causes_without_end_are_no_work() -> None:
    frames = tuple(
        Frame(function=f"a.b{number}.run", in_app=number % 9 == 0) for number in range(100_000)
    )
    assert_quick(lambda: explain_chain(Raised(type="a.B", frames=frames)))
    causes = (
        Raised(
            type=f"a.B{number}",
            frames=frames[number : number + 3],
            parent=number - 1 if number else None,
            relation="cause" if number else None,
        )
        for number in range(1_000)
    )
    assert_quick(lambda: explain_chain(*causes))
    members = (
        Raised(type=f"B{n}", frames=frames[n : n + 9], parent=0 if n else None, relation="member")
        for n in range(1_000)
    )
    assert_quick(lambda: explain_chain(*members))


@pytest.mark.parametrize("pile", ["<", ">", "$", ".", "/", "x.", "<x>", "$$Lambda", "[", "(", "-1"])
@pytest.mark.parametrize(
    "family", ["dotnet", "java", "javascript", "go", "ruby", "php", "rust", "?"]
)
def test_a_name_of_a_megabyte_is_no_work(family: str, pile: str) -> None:
    name = pile * (MEGABYTE // len(pile))
    frame = Frame(function=name, module=name, file=name)
    assert_quick(lambda: explain_chain(Raised(type=name, frames=(frame,)), family=family))


def explain_chain(*raised: Raised, family: str = "java") -> object:
    return explain(Evidence(chain=Chain(family, raised)))


def assert_quick(work: Callable[[], object]) -> None:
    began = time.process_time()
    work()
    assert time.process_time() - began < MAX_S


@pytest.mark.parametrize(
    ("text", "kind", "said"),
    [
        ("System.IO.IOException: gone", "System.IO.IOException", "gone"),
        ("System.Win32Exception (0x80004005): gone", "System.Win32Exception", "gone"),
        ("KeyError: 7", "KeyError", "7"),
        ("Uncaught TypeError: x is undefined", "TypeError", "x is undefined"),
        ("java.lang.StackOverflowError", "java.lang.StackOverflowError", ""),
        ("Doctrine\\DBAL\\Exception: gone", "Doctrine\\DBAL\\Exception", "gone"),
        ("runtime error: index out of range", "", "runtime error: index out of range"),
        ("adb: device offline", "", "adb: device offline"),
        ("Error IP 1.2.3.4", "", "Error IP 1.2.3.4"),
        ("", "", ""),
    ],
)
def test_a_type_stands_before_what_was_said(text: str, kind: str, said: str) -> None:
    assert split_type(text) == (kind, said)
