"""Packed bodies, as the engine unpacks them."""

from __future__ import annotations

import gzip
import zlib
from typing import TYPE_CHECKING

import pytest

from logster import zstd
from logster.store.embedded import inflation
from logster.store.embedded.inflation import BadRequestError, inflate

if TYPE_CHECKING:
    from collections.abc import Callable

SQUEEZERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "zstd": zstd.compress,
}


@pytest.mark.parametrize("encoding", SQUEEZERS)
def test_a_squeezed_body_is_inflated(encoding: str) -> None:
    assert inflate(SQUEEZERS[encoding](b"SELECT 1"), encoding) == b"SELECT 1"


@pytest.mark.parametrize("encoding", SQUEEZERS)
def test_a_bomb_is_refused(encoding: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inflation, "MAX_BODY_BYTES", 1000)
    with pytest.raises(BadRequestError, match="inflates"):
        inflate(SQUEEZERS[encoding](bytes(1001)), encoding)


@pytest.mark.parametrize("encoding", [*SQUEEZERS, "br"])
def test_a_body_that_is_not_what_it_says_is_refused(encoding: str) -> None:
    with pytest.raises(BadRequestError):
        inflate(b"SELECT 1", encoding)
