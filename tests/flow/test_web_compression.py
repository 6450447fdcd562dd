"""What the API answers is packed as asked; what it says stays the same."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any

import brotli
import pytest

from logster.web.compression import PACKERS, choose_encoding
from logster.zstd import ZstdDecompressor
from support.samples import random_events
from support.stored import store_events
from support.web import ADMIN, KEY, PASSWORD, Site, log_in, running_site

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    import httpx

    from logster.store.engine import Engine

UNPACK: dict[str, Callable[[bytes], bytes]] = {
    "zstd": lambda body: ZstdDecompressor().decompress(body),
    "br": brotli.decompress,
    "gzip": lambda body: zlib.decompress(body, wbits=31),
}
API = "/api/v1"


@pytest.fixture
async def site(tmp_path: Path, engine: Engine) -> AsyncIterator[Site]:
    async with running_site(tmp_path, engine) as opened:
        await store_events(engine, random_events(1, 400))
        yield opened


async def fetch(program: httpx.AsyncClient, path: str, accepted: str) -> tuple[Any, bytes]:
    """An answer's headers and its bytes as they travel."""
    async with program.stream("GET", path, headers={"Accept-Encoding": accepted}) as answer:
        raw = b"".join([piece async for piece in answer.aiter_raw()])
        return answer.headers, raw


@pytest.mark.parametrize("encoding", PACKERS)
async def test_an_answer_is_packed_as_asked(site: Site, encoding: str) -> None:
    async with site.visit(key=KEY) as program:
        for path in ("export", "export?format=csv", "openapi.json", "events?limit=400"):
            _, plain = await fetch(program, f"{API}/{path}", "identity")
            headers, raw = await fetch(program, f"{API}/{path}", encoding)
            assert headers["content-encoding"] == encoding, path
            assert headers["vary"] == "Accept-Encoding"
            assert headers.get("content-length") in (None, str(len(raw)))
            assert len(raw) < len(plain) / 2, path
            unpacked = UNPACK[encoding](raw)
            # The questions tell how long they took.
            assert unpacked == plain or path.startswith("events"), path
            assert len(unpacked) == pytest.approx(len(plain), abs=20)


async def test_what_is_small_or_not_wanted_stays_as_it_is(site: Site) -> None:
    async with site.visit(key=KEY) as program:
        for path, accepted in (
            (f"{API}/session", "gzip"),
            (f"{API}/events?limit=400", ""),
            (f"{API}/events?limit=400", "gzip;q=0, identity"),
            (f"{API}/export?format=parquet", "gzip"),
        ):
            headers, _ = await fetch(program, path, accepted)
            assert "content-encoding" not in headers, path


async def test_no_page_with_a_secret_is_packed(site: Site) -> None:
    async with site.visit() as browser:
        for path in ("/login?next=/x" + "y" * 1_500, "/nowhere"):
            headers, _ = await fetch(browser, path, "gzip, br, zstd")
            assert "content-encoding" not in headers
        await log_in(browser, ADMIN, PASSWORD)
        headers, _ = await fetch(browser, f"{API}/events?limit=400", "gzip")
        assert headers["content-encoding"] == "gzip"


async def test_csv_has_one_charset(site: Site) -> None:
    async with site.visit(key=KEY) as program:
        answer = await program.get(f"{API}/export?format=csv&limit=1")
        assert answer.headers["content-type"] == "text/csv; header=present; charset=utf-8"


@pytest.mark.parametrize(
    ("accepted", "chosen"),
    [
        ("", ""),
        ("gzip", "gzip"),
        ("gzip, deflate, br, zstd", "zstd"),
        ("gzip, deflate, br", "br"),
        ("*", "zstd"),
        ("*;q=0", ""),
        ("gzip;q=1.0, br;q=0.5", "gzip"),
        ("GZIP ; q=0.3", "gzip"),
        ("identity, gzip;q=0.5", ""),
        ("gzip;q=zero", ""),
        ("deflate", ""),
        (",,;q=1", ""),
    ],
)
def test_the_client_chooses_and_of_equals_the_best_is_taken(accepted: str, chosen: str) -> None:
    assert choose_encoding(accepted) == chosen


@pytest.mark.parametrize("encoding", PACKERS)
def test_each_piece_of_a_stream_can_be_read_when_it_comes(encoding: str) -> None:
    packer = PACKERS[encoding]()
    readers: dict[str, Callable[[bytes], bytes]] = {
        "zstd": ZstdDecompressor().decompress,
        "br": brotli.Decompressor().process,
        "gzip": zlib.decompressobj(wbits=31).decompress,
    }
    read = readers[encoding]
    assert read(packer.pack(b"one", is_last=False)) == b"one"
    assert read(packer.pack(b"two", is_last=False)) == b"two"
    assert read(packer.pack(b"", is_last=True)) == b""
