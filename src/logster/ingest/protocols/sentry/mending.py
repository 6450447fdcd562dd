"""JSON in which halves of characters stand: JavaScript writes them when it shortens a text.

In: a decoder, bytes. Out: what it makes of them. Promise: only bytes that cannot be read as they
are get looked through, in one pass; whole characters stay as they are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import msgspec

from logster.ingest.json_text import replace_halves

if TYPE_CHECKING:
    from collections.abc import Callable

Decoded = TypeVar("Decoded")


def decode_mended(decode: Callable[[bytes], Decoded], body: bytes) -> Decoded:
    """Decode, with a mark in the place of each half; raises what `decode` raises."""
    try:
        return decode(body)
    except msgspec.ValidationError:
        raise
    except msgspec.DecodeError:
        mended = replace_halves(body)
        if mended == body:
            raise
    return decode(mended)
