"""Recorded requests to the native API and what must come of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from support.native import STORED, ask

CORPUS = Path(__file__).parents[1] / "corpus" / "api_log" / "vectors.jsonl"
CASES = msgspec.json.Decoder(dict[str, Any]).decode_lines(CORPUS.read_bytes())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_a_recorded_request_gets_the_recorded_outcome(case: dict[str, Any]) -> None:
    answer = ask(
        case["body"],
        method=case["method"],
        path=case["path"],
        content_type=None,
        **case["headers"],
    )

    assert case["status"] == answer.status
    if case["level"] == "refused":
        assert "ModelState" in answer.body.decode()
    if "stored" in case:
        stored = {name: answer.stored[field] for name, field in STORED.items()}
        assert case["stored"] == stored
    if "content_type" in case:
        assert case["content_type"] == answer.headers["content-type"]
    if case["level"] == "exact":
        assert case.get("answer", "") == answer.body.decode()
