"""What an issue is called, and where its error comes from."""

from __future__ import annotations

from typing import Any

import pytest

from logster.event import Event
from logster.track.chain import Chain, Frame, Raised
from logster.track.evidence import Evidence
from logster.track.title import culprit_of, title_of


def event(**fields: Any) -> Event:
    values: dict[str, Any] = {
        "id": 1,
        "timestamp": 0,
        "received_at": 0,
        "severity": 4,
        "message": "",
    }
    return Event(**(values | fields))


def frames(*names: str) -> tuple[Frame, ...]:
    """Those that begin with lib are a library's."""
    return tuple(Frame(function=name, in_app=not name.startswith("lib")) for name in names)


def raised(*names: str, **fields: Any) -> Raised:
    return Raised(type=fields.pop("type", "E"), frames=frames(*names), **fields)


@pytest.mark.parametrize(
    ("chain", "culprit"),
    [
        ((raised("lib", "pay", "main"),), "pay"),
        ((raised("main"), raised("lib.read", "load", parent=0, relation="cause")), "load"),
        ((raised("main"), raised("lib.read", parent=0, relation="cause")), "main"),
        ((raised("lib"),), None),
        ((raised(),), None),
        (
            (
                raised("gather"),
                raised("work", parent=0, relation="member"),
                raised("other", parent=0, relation="member"),
            ),
            "work",
        ),
        (
            (
                raised("main"),
                raised("close", parent=0, relation="suppressed"),
                raised("load", parent=0, relation="cause"),
            ),
            "load",
        ),
    ],
)
def test_the_culprit_is_the_own_frame_nearest_the_root_cause(
    chain: tuple[Raised, ...], culprit: str | None
) -> None:
    found = culprit_of(Chain("python", chain))
    assert (found.function if found else None) == culprit


def test_a_title_is_the_type_and_the_first_line_of_what_was_said() -> None:
    chain = Chain("python", (raised("pay", type="PaymentError", message="declined\ncode 7"),))
    title = title_of(event(message="paying failed"), Evidence(chain=chain))
    assert (title.text, title.type, title.culprit) == (
        "PaymentError: declined",
        "PaymentError",
        "pay",
    )


def test_without_frames_the_title_is_the_exception_the_template_or_the_message() -> None:
    told = event(message="order 7 failed", template="order {id} failed", exception="IOError: gone")
    assert title_of(told, Evidence()).type == "IOError"
    assert title_of(told, Evidence()).text == "IOError: gone"
    assert (
        title_of(event(message="order 7", template="order {id}"), Evidence()).text == "order {id}"
    )
    assert title_of(event(message="\n  order 7\nmore"), Evidence()).text == "order 7"
    assert title_of(event(), Evidence()).text == "(no message)"
    assert len(title_of(event(message="x" * 10_000), Evidence()).text) == 300
