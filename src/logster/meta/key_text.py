"""The text of a key: how it is made, what is kept of it, and what cannot be one.

A key is 32 random base62 characters (190 bits), so its SHA-256 is kept and a slow hash
would protect nothing: there is no list of likely keys to try. For the same reason the
look-up is a plain dict by digest: how long it takes tells about the digest, not the key.
"""

from __future__ import annotations

import hashlib
import secrets
import string
import zlib
from urllib.parse import quote

KEY_PREFIX = "lgs_"
SECRET_LENGTH = 32
#: A CRC-32 in base62: tells a mistyped key from an unknown one, and lets secret scanners be sure.
CHECKSUM_LENGTH = 6
#: An operator's own key may be any text of at least this length.
MIN_OWN_KEY_LENGTH = 16
#: Longer texts are no keys; hashing them would be work for nothing.
MAX_KEY_LENGTH = 512
#: What stays visible of a made key (24 bits less to guess, of 190) and of an operator's own.
HINT_LENGTH = len(KEY_PREFIX) + 4
OWN_HINT_LENGTH = 4

_ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase


def make_key() -> str:
    """Make the text of a new key."""
    secret = "".join(secrets.choice(_ALPHABET) for _ in range(SECRET_LENGTH))
    return KEY_PREFIX + secret + _checksum(secret)


def digest_of(text: str) -> bytes:
    """What is kept of a key."""
    return hashlib.sha256(text[: MAX_KEY_LENGTH + 1].encode("utf-8", "surrogatepass")).digest()


def hint_of(text: str) -> str:
    """The characters by which a person recognises a key."""
    length = HINT_LENGTH if text.startswith(KEY_PREFIX) else OWN_HINT_LENGTH
    return text[:length] + "…"


def dsn_of(text: str, number: int, address: str) -> str:
    """A key as Sentry's SDKs want it: the server's address with the key, and the key's number.

    They want a number at the end; which one means nothing here.
    """
    scheme, _, place = address.rstrip("/").partition("://")
    return f"{scheme}://{quote(text, safe='')}@{place}/{number}"


def may_exist(text: str) -> bool:
    """Whether the database could know this text: a made key's checksum must hold."""
    made_length = len(KEY_PREFIX) + SECRET_LENGTH + CHECKSUM_LENGTH
    if text.startswith(KEY_PREFIX) and len(text) == made_length:
        secret = text[len(KEY_PREFIX) : -CHECKSUM_LENGTH]
        return _checksum(secret) == text[-CHECKSUM_LENGTH:]
    return MIN_OWN_KEY_LENGTH <= len(text) <= MAX_KEY_LENGTH


def _checksum(secret: str) -> str:
    number, digits = zlib.crc32(secret.encode()), ""
    for _ in range(CHECKSUM_LENGTH):
        number, digit = divmod(number, len(_ALPHABET))
        digits = _ALPHABET[digit] + digits
    return digits
