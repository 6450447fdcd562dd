"""The step that gives errors their keys, and what it remembers."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from logster.event import Columns, Event
from logster.track import group
from logster.track.fingerprint import fingerprint
from logster.track.group import Grouper, read_evidence, texts_of
from logster.track.memory import ENTRY_CHARS, Memory
from logster.track.owncode import OwnCode

if TYPE_CHECKING:
    from collections.abc import Sequence

INFO, ERROR, FATAL, OFF = 2, 4, 5, 6
FIELDS = ("application", "exception", "stack_trace", "template")


def columns_of(*messages: str, severity: Sequence[int] | None = None, **others: Any) -> Columns:
    severities = list(severity or [ERROR] * len(messages))
    return Columns(message=list(messages), severity=severities, **others)


def keys_of(columns: Columns, protocol: str = "api_log") -> list[int]:
    Grouper().group(columns, protocol, 1)
    return columns.issue or []


def test_only_errors_make_issues() -> None:
    keys = keys_of(columns_of("a", "b", "c", "d", severity=[INFO, ERROR, OFF, FATAL]))

    assert [key > 0 for key in keys] == [False, True, False, True]
    assert keys[1] != keys[3]


def test_a_batch_without_errors_is_left_as_it_is() -> None:
    assert keys_of(columns_of("a", "b", severity=[INFO, OFF])) == []


def test_what_browsers_report_makes_issues_though_it_is_no_error() -> None:
    columns = columns_of("script-src blocked eval", severity=[3])

    assert keys_of(columns, "reports") != [0]


def test_equal_errors_have_equal_keys_in_every_process() -> None:
    one = keys_of(columns_of("order 12 is lost", application=["shop"]))
    other = keys_of(columns_of("order 13 is lost", application=["shop"]))

    assert one == other == [101990220636346663]


def test_a_key_is_of_one_application() -> None:
    one, other = keys_of(columns_of("gone", "gone", application=["shop", None]))

    assert one != other


def test_a_clients_own_fingerprint_decides() -> None:
    details = [b'{"fingerprint": ["down"]}', b'{"fingerprint": "down", "x": [1]}', b'{"a": 1}']
    properties = [None, None, b'{"fingerprint": "down"}']
    one, other, none = keys_of(columns_of("a", "b", "a", details=details, properties=properties))

    assert one == other != none


@pytest.mark.parametrize(
    "properties", [b'{"error.fingerprint": "down"}', b'{"x": 1, "error": {"fingerprint": "down"}}']
)
def test_in_any_dialect_a_property_is_a_fingerprint(properties: bytes) -> None:
    details = [b'{"fingerprint": ["down"]}', None]
    one, other = keys_of(columns_of("a", "b", details=details, properties=[None, properties]))

    assert one == other


@pytest.mark.parametrize("details", [b'{"fingerprint": 5}', b'{"fingerprint": [1]}', b'{"a": "fi'])
def test_a_fingerprint_that_is_none_counts_for_nothing(details: bytes) -> None:
    properties = details.replace(b'"fing', b'"error.fing')
    keys = keys_of(
        columns_of(
            *"aaa", details=[details, None, None], properties=[None, properties, b'{"error": 1}']
        )
    )

    assert len(set(keys)) == 1


@pytest.mark.parametrize("name", ["platform", "telemetry.sdk.language"])
def test_a_platform_is_the_family_of_what_has_no_trace(name: str) -> None:
    properties = [f'{{"{name}": "{each}"}}'.encode() for each in ("node", "javascript", "ruby")]
    one, same, other = keys_of(
        columns_of(*"aaa", exception=["Error: x"] * 3, properties=properties)
    )
    assert one == same != other


def test_what_an_sdk_sent_counts_more_than_its_text() -> None:
    def sent(function: str) -> bytes:
        frame = {"function": function, "filename": "bay.py", "in_app": True}
        value = {"type": "GoneError", "value": "x", "stacktrace": {"frames": [frame]}}
        return msgspec.json.encode({"exception": {"values": [value]}})

    properties = [b'{"platform": "python"}'] * 2
    details = [sent("open"), sent("close")]
    one, other = keys_of(
        columns_of(*"aa", details=details, properties=properties, exception=["E: x"] * 2)
    )
    assert one != other


def test_a_text_that_came_before_is_not_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    grouper = Grouper()
    first = columns_of("a", stack_trace=["at x"], exception=["Gone: y"])
    grouper.group(first, "api_log", 1)
    monkeypatch.setattr(group, "explain", lambda *_: pytest.fail("read again"))
    again = columns_of("a", stack_trace=["at x"], exception=["Gone: y"])
    grouper.group(again, "api_log", 1)

    assert first.issue == again.issue


def test_a_stored_event_has_the_evidence_that_its_key_was_made_of() -> None:
    details, properties = {"fingerprint": ["down"]}, {"error": {"fingerprint": "up"}}
    texts: dict[str, Any] = dict(zip(FIELDS, ("depot", "E: x", "at", "t"), strict=True))
    event = Event(
        id=1,
        timestamp=1,
        received_at=1,
        severity=ERROR,
        message="m",
        details=details,
        properties=properties,
        **texts,
    )
    columns = columns_of(
        "m",
        details=[msgspec.json.encode(details)],
        properties=[msgspec.json.encode(properties)],
        **{name: [text] for name, text in texts.items()},
    )
    assert keys_of(columns) == [fingerprint(read_evidence(texts_of(event)))]


JAVA = "\n\tat acme.Bay.open(Bay.java:4)\n\tat acme.Main.main(Main.java:9)"
PYTHON = 'Traceback (most recent call last):\n  File "/srv/bay.py", line 4, in open\n    x()\n'


@pytest.mark.parametrize("form", ["acme.GoneError: {}" + JAVA, PYTHON + "GoneError: {}"])
def test_an_id_in_what_was_said_makes_no_trace_a_new_one(
    monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    grouper = Grouper()
    first = columns_of("a", stack_trace=[form.format("bay 4")])
    grouper.group(first, "api_log", 1)
    monkeypatch.setattr(group, "explain", lambda *_: pytest.fail("read again"))
    again = columns_of("b", stack_trace=[form.format("bay 5: really")])
    grouper.group(again, "api_log", 1)

    assert first.issue == again.issue


@pytest.mark.parametrize(
    "form",
    [
        "acme.GoneError: {}" + JAVA + "\nCaused by: acme.{}: x\n\tat acme.Bay.find(Bay.java:2)",
        "Acme.GoneError: a ---> Acme.{}: b\n   at Acme.Bay.Open(Int32 bay) in /src/Bay.cs:line 4",
        "acme.{}: bay" + JAVA,
        "java.lang.Exception: {}\n\tat acme.Bay.lambda$open$4(Bay.java:4)",
        "java.net.ConnectException: {}\n\tat java.net.Socket.connect(Socket.java:4)",
        "Error: {}\n    at /srv/app/bay.js:4:9",
        "ChunkLoadError: {}\n    at open (/srv/app/bay.js:4:9)",
        "TypeError: {}\n    at open (/srv/app/bay.js:4:9)",
        PYTHON + "{}: gone",
    ],
)
def test_a_key_is_the_same_whatever_came_before(form: str) -> None:
    """What is remembered never changes a key."""
    grouper = Grouper()
    for word in ("refused", "late", "refused by 4", "Full", "Loading chunk 4 failed."):
        columns = columns_of("m", stack_trace=[form.replace("{}", word)])
        grouper.group(columns, "api_log", 1)
        alone = columns_of("m", stack_trace=[form.replace("{}", word)])
        assert columns.issue == keys_of(alone)


def test_what_somebody_has_said_about_own_code_counts_from_now_on() -> None:
    trace = "E: x\n" + "".join(f"\tat {name}(A.java:1)\n" for name in ("acme.A.a", "acme.lib.B.b"))
    rules = OwnCode()
    grouper = Grouper(
        lambda workspace, application: rules if (workspace, application) == (1, "x") else None
    )
    keys = []
    for each in (rules, OwnCode(library=("acme.lib.",)), OwnCode(library=("acme.A",))):
        rules = each
        columns = columns_of("m", application=["x"], stack_trace=[trace])
        grouper.group(columns, "api_log", 1)
        keys += columns.issue or []
    assert len(set(keys)) == 3


def test_a_trace_that_a_reader_stumbles_over_costs_no_batch(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def stumble(**_: object) -> None:
        raise IndexError

    monkeypatch.setattr(group, "read_event", stumble)
    [key] = keys_of(columns_of("m", exception=["E: x"], stack_trace=["at y"]))
    assert key > 0
    assert "cannot be read" in caplog.text


@pytest.mark.parametrize(
    "texts",
    [
        {"stack_trace": ["   at " + "a.b" * 300_000]},
        {"stack_trace": ["E: x\n" + "\tat a.b.c(D.java:1)\n" * 100_000]},
        {
            "stack_trace": [
                "Caused by: ".join(f"a.E{n}: x\n\tat a.b(D.java:1)\n" for n in range(1_000))
            ]
        },
        {"exception": ["9" * 1_000_000]},
        {"details": [b'{"fingerprint":[' + b",".join([b'"x"'] * 200_000) + b"]}"]},
    ],
    ids=["line", "frames", "causes", "digits", "fingerprint"],
)
def test_an_error_made_to_hurt_is_no_work(texts: dict[str, Any]) -> None:
    began = time.process_time()
    assert keys_of(columns_of("m", **texts))
    assert time.process_time() - began < 5


def test_what_is_remembered_is_bounded_by_number_and_by_size() -> None:
    few = Memory(max_entries=3)
    for number in range(10):
        few.keep((str(number),), number)
    assert [few.find((str(number),)) for number in (6, 7, 9)] == [None, 7, 9]

    small = Memory(max_chars=100 * ENTRY_CHARS)
    small.keep(("x" * 100 * ENTRY_CHARS,), 1)
    for number in range(1_000):
        small.keep((str(number), ("y", "z")), number)
    assert 90 < len(small) < 100
