"""What a request is answered with when it is sent again, as it is kept with its events."""

from __future__ import annotations

import msgspec

#: A resend is known for so long (the native API promises 24 h).
ANSWER_LIFE_S = 24 * 3600


class Answer(msgspec.Struct, frozen=True):
    """By the digest of its `Idempotency-Key`, within a key and a route; `text` is packed."""

    digest: bytes
    text: bytes
    life_s: int = ANSWER_LIFE_S
