"""A word with digits in it: an id to be masked, or a name that is part of what is said.

In: a word, with its hyphens. Out: the same with masks for what varies. Promise: pure; linear.
"""

from __future__ import annotations

import re
from itertools import pairwise

NUMBER, ID = "<n>", "<id>"

#: Names that end in a number: another number is another thing.
_NAMES = re.compile(
    r"(?:utf|ucs|iso|koi|latin|windows|cp|sha|aes|rsa|hmac|md|crc|base|tls|ssl|http|ipv|oauth|x|h|mp"
    r"|ora|pls|tns|dpi|dpy|ec|es|python|java|ruby|php|node|log4j|win|ps|us|eu|ap|sa|ca|me|af"
    r"|[a-z]{2}-(?:north|south|east|west|central)(?:east|west)?)[-_]?\d{1,5}(?:[-_]\d{1,4})?",
    re.IGNORECASE,
)
#: The regions of clouds: eu-central-1.
_REGION = re.compile(r"[a-z]{2}(?:-gov)?-(?:north|south|east|west|central){1,2}-\d", re.ASCII)
#: What Kubernetes puts behind the name of a pod.
_POD = re.compile(r"-(?=[a-z]*\d)[a-z0-9]{8,10}-[a-z0-9]{5}$", re.ASCII)
_HEX = re.compile(r"[0-9]++[0-9a-fA-F]*+|[a-fA-F]++[0-9][0-9a-fA-F]*+")
_WITH_UNIT = re.compile(r"\d++(?:st|nd|rd|th|([^\W\d_]{1,3}))")

#: Shorter pieces of hexadecimal digits may be words: fee1, dead1.
MIN_HEX = 7
#: A number behind an underscore is part of a name (address_2) unless it is as long as this.
MIN_DIGITS = 2
#: What looks like dice were thrown: so long, with so many changes between kinds of characters.
MIN_RANDOM = 12
_LONG_RANDOM = 16
_CHANGES, _LONG_CHANGES = 0.5, 0.45
_MIN_RUNS = 3


def mask_word(word: str) -> str:
    """The word with masks for what varies; digits stay where they are part of a name."""
    if word.isdecimal():
        return NUMBER
    if _NAMES.fullmatch(word) or _REGION.fullmatch(word):
        return word
    if is_hex(word):
        return NUMBER
    if is_random(word):
        return ID
    if "-" in word:
        word = _POD.sub("-" + ID, word)
        return "-".join(map(_mask_piece, word.split("-")))
    return _mask_piece(word)


def _mask_piece(piece: str) -> str:
    if "_" in piece and not is_random(piece):
        return "_".join(map(_mask_part, piece.split("_")))
    return _mask_whole(piece)


def _mask_part(part: str) -> str:
    if part.isdecimal() and len(part) < MIN_DIGITS:
        return part
    return _mask_whole(part)


def _mask_whole(piece: str) -> str:
    if piece.isdecimal() or is_hex(piece):
        return NUMBER
    if is_random(piece):
        return ID
    found = _WITH_UNIT.fullmatch(piece)
    return NUMBER + (found[1] or "") if found else piece


def is_hex(text: str) -> bool:
    """Whether this is a hash or an address: hexadecimal digits in one case, one of them 0 to 9."""
    return (
        len(text) >= MIN_HEX
        and _HEX.fullmatch(text) is not None
        and (text == text.lower() or text == text.upper())
    )


def is_random(text: str) -> bool:
    """Whether letters and digits change so often that nobody has thought this word out."""
    if len(text) < MIN_RANDOM or text.isalpha():
        return False
    kinds = [
        "d" if c.isdigit() else "u" if c.isupper() else "l" if c.islower() else "" for c in text
    ]
    changes = sum(one != other for one, other in pairwise(kinds) if one and other)
    if "u" in kinds and "l" in kinds:
        share = _LONG_CHANGES if len(text) >= _LONG_RANDOM else _CHANGES
        return "d" in kinds and changes >= share * len(text)
    runs = sum(one != "d" and other == "d" for one, other in pairwise(["", *kinds]))
    return runs >= _MIN_RUNS and "" not in kinds
