"""Bodies: every encoding undone, liars understood, bombs stopped at the cap."""

import contextlib
import functools
import gzip
import os
import tracemalloc
import zlib

import brotli
import pytest
from hypothesis import given
from hypothesis import strategies as st

from logster import zstd
from logster.errors import (
    BodyTooLargeError,
    BodyUnreadableError,
    EncodingUnknownError,
    RefusedError,
)
from logster.ingest.body import open_body, open_start

CAP = 1 << 20


def opened(body, encoding, max_bytes=CAP):
    return open_body(body, encoding, max_bytes, "LOGSTER_MAX_MESSAGE_BYTES")


def raw_deflate(data):
    compressor = zlib.compressobj(wbits=-15)
    return compressor.compress(data) + compressor.flush()


ENCODERS = {
    "gzip": gzip.compress,
    "x-gzip": gzip.compress,
    "deflate": zlib.compress,
    "zstd": zstd.compress,
    "br": brotli.compress,
}
MISLABELLED = [
    ("deflate", raw_deflate),
    ("deflate", gzip.compress),
    ("gzip", zlib.compress),
    ("gzip,deflate", zlib.compress),
    ("gzip, deflate", gzip.compress),
    ("gzip", zstd.compress),
]


@given(data=st.binary(max_size=5000), name=st.sampled_from(sorted(ENCODERS)))
def test_every_encoding_gives_back_what_was_sent(data, name):
    assert opened(ENCODERS[name](data), name) == data


@pytest.mark.parametrize(("name", "encode"), MISLABELLED)
def test_an_encoding_that_is_not_what_it_says_is_understood(name, encode):
    assert opened(encode(b"hello" * 100), name) == b"hello" * 100


def test_no_encoding_and_identity_change_nothing():
    assert opened(b"plain", "") == opened(b"plain", "identity") == b"plain"


def test_two_layers_are_undone_in_the_opposite_order():
    assert opened(zstd.compress(gzip.compress(b"x")), "gzip, zstd") == b"x"


def test_joined_members_are_one_body():
    assert opened(gzip.compress(b"a") + gzip.compress(b"b"), "gzip") == b"ab"
    assert opened(zstd.compress(b"a") + zstd.compress(b"b"), "zstd") == b"ab"


@pytest.mark.parametrize("name", sorted(ENCODERS))
def test_a_bomb_is_stopped_at_the_cap_while_inflating(name):
    encode = functools.partial(brotli.compress, quality=1) if name == "br" else ENCODERS[name]
    bomb = encode(bytes(100 << 20))
    tracemalloc.start()
    with pytest.raises(BodyTooLargeError, match="LOGSTER_MAX_MESSAGE_BYTES"):
        opened(bomb, name)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert peak < 8 * CAP


def test_ten_gigabytes_of_gzip_are_refused_at_once():
    block = gzip.compress(bytes(10 << 20))
    with pytest.raises(BodyTooLargeError):
        opened(block * 64, "gzip")


@pytest.mark.parametrize("name", ["gzip", "zstd"])
def test_a_body_of_nothing_but_members_is_refused(name):
    with pytest.raises(BodyUnreadableError, match="members"):
        opened(ENCODERS[name](b"") * 5000, name)


def test_a_packed_body_over_the_cap_is_not_unpacked():
    with pytest.raises(BodyTooLargeError, match="LOGSTER_MAX_MESSAGE_BYTES"):
        opened(b"not even gzip", "gzip", max_bytes=5)


@given(
    data=st.binary(min_size=1, max_size=500),
    name=st.sampled_from(sorted(ENCODERS)),
    cut=st.integers(min_value=1),
)
def test_a_body_that_ends_in_the_middle_is_refused(data, name, cut):
    whole = ENCODERS[name](data)
    with pytest.raises(BodyUnreadableError):
        opened(whole[: len(whole) - 1 - cut % (len(whole) - 1)] or whole[:1], name)


@given(data=st.binary(max_size=200), name=st.sampled_from(sorted(ENCODERS)))
def test_any_bytes_are_opened_or_refused(data, name):
    with contextlib.suppress(RefusedError):
        assert isinstance(opened(data, name), bytes)


def test_an_unknown_encoding_is_named():
    with pytest.raises(EncodingUnknownError, match="'compress'"):
        opened(b"x", "compress")


def test_more_than_two_layers_are_refused():
    with pytest.raises(EncodingUnknownError, match="3 layers"):
        opened(b"x", "gzip, zstd, br")


@pytest.mark.parametrize("encoding", ["", *ENCODERS])
def test_the_start_of_a_body_is_opened_though_the_rest_is_not_there(encoding):
    plain = b"header\n" + os.urandom(50_000)
    packed = ENCODERS[encoding](plain) if encoding else plain
    assert open_start(packed[:8_000], encoding, 100) == plain[:100]


def test_a_start_that_cannot_be_opened_is_empty():
    for encoding in ("gzip", "deflate", "zstd", "br"):
        assert open_start(b"\xff\xff\xff\xff nothing", encoding, 100) == b""
