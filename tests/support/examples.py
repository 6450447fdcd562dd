"""How many random examples a test tries, as a share of what the run asks for."""

from __future__ import annotations

from typing import Any

from hypothesis import settings


def examples(share: float, **options: Any) -> settings:
    """Try `share` times as many examples as tests do that say nothing."""
    return settings(max_examples=max(1, round(share * settings().max_examples)), **options)
