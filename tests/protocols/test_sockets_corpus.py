"""What clients have sent to sockets, as datagrams and streams, and what must come of it.

`LOGSTER_WRITE_CORPUS=1` writes the outcomes; whoever keeps one has read it.
"""

from __future__ import annotations

import contextlib
import json
import os
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logster.errors import RefusedError
from logster.ingest.protocols import DIALECTS
from support.examples import examples
from support.recorded import CORPUS
from support.sockets import LIMITS, outcome_of, read_datagrams, read_stream, request_of

if TYPE_CHECKING:
    from pathlib import Path

    from logster.ingest.protocol import Reading

CASES = sorted(CORPUS.glob("*/*.bytes"))
BY_NAME = {dialect.protocol.name: dialect for dialect in DIALECTS.values()}
each_dialect = pytest.mark.parametrize("name", sorted(BY_NAME))


def read_case(case: Path, sent: bytes) -> Reading:
    dialect = BY_NAME[case.parent.name]
    return (read_datagrams if "-udp-" in case.name else read_stream)(dialect, sent)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.parent.name}/{case.stem}")
def test_recorded_bytes_get_the_recorded_outcome(case: Path) -> None:
    recorded = case.with_suffix(".json")
    outcome = outcome_of(read_case(case, case.read_bytes()))
    if os.environ.get("LOGSTER_WRITE_CORPUS"):
        recorded.write_text(json.dumps(outcome, indent=2, ensure_ascii=False) + "\n")
    expected: dict[str, Any] = json.loads(recorded.read_text())
    assert outcome == expected


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.parent.name}/{case.stem}")
@examples(1)
@given(data=st.data())
def test_changed_bytes_are_events_or_rejections(case: Path, data: st.DataObject) -> None:
    sent = case.read_bytes()
    start, end = sorted(data.draw(st.integers(0, len(sent))) for _ in range(2))
    piece = data.draw(st.binary(max_size=5) | st.sampled_from([b"<", b"[", b'"', b"\n", b"\0"]))
    read_case(case, sent[:start] + piece + sent[end:])


@each_dialect
@examples(5)
@given(sent=st.binary(max_size=80), is_datagram=st.booleans())
def test_any_bytes_are_events_or_rejections(name: str, sent: bytes, is_datagram: bool) -> None:
    dialect = BY_NAME[name]
    reading = read_datagrams(dialect, sent) if is_datagram else read_stream(dialect, sent)
    assert len(reading.columns) + len(reading.rejections) >= is_datagram


@each_dialect
@examples(5)
@given(body=st.binary(max_size=60))
def test_a_body_that_is_no_list_of_frames_is_refused(name: str, body: bytes) -> None:
    with contextlib.suppress(RefusedError):
        BY_NAME[name].protocol.read(body, request_of(), LIMITS)
