"""Unicode: `é` is one character or two, and people mean the same by both spellings.

In: a text that is looked for. Out: the texts that Unicode calls equal to it.
Promise: what clients sent stays as it is, and so does every index: a search asks for each of a few
spellings instead. A text of ASCII alone has one, and costs what it did.
Reasons and figures: docs/decisions/027.

A text with a few accents has every spelling that there is; one with many those of its composed
and its decomposed form (NFC, NFD) besides its own.
"""

from __future__ import annotations

import itertools
import math
import re
import unicodedata
from functools import lru_cache

#: Of a text with more spellings, as most words of Hangul, only the two forms are looked for.
MAX_SPELLINGS = 16
#: More marks than any script puts on a letter.
_MAX_MARKS = 3
#: The lower case of İ has a dot of its own, which nobody types.
_DOT = "\u0307"
#: A few signs beyond ASCII are equal to one of ASCII that stands between words.
_SEPARATOR = re.compile(r"[\x00-/:-@\[-`{-\x7f]")


def spellings(text: str) -> tuple[str, ...]:
    """The text as it is, and all texts that are equal to it; each once."""
    if text.isascii():
        return (text,)
    return _spellings(text)


@lru_cache(maxsize=1024)
def _spellings(text: str) -> tuple[str, ...]:
    parts = [
        _spellings_of_letter(letter) for letter in _letters(unicodedata.normalize("NFC", text))
    ]
    if math.prod(map(len, parts)) <= MAX_SPELLINGS:
        found = ["".join(chosen) for chosen in itertools.product(*parts)]
    else:
        found = ["".join(part[0] for part in parts), "".join(part[-1] for part in parts)]
    return tuple(dict.fromkeys([text, *found]))


def folded_spellings(word: str) -> tuple[str, ...]:
    """The spellings of a word in lower case, which are words too; İ is found as i."""
    if word.isascii():
        return (word,)
    found = [text for text in spellings(word) if _SEPARATOR.search(text) is None]
    plain = [text.replace("i" + _DOT, "i") for text in found]
    return tuple(dict.fromkeys([*found, *plain]))


def _letters(text: str) -> list[str]:
    """Letters with the marks on them."""
    letters: list[str] = []
    for character in text:
        if letters and unicodedata.combining(character):
            letters[-1] += character
        else:
            letters.append(character)
    return letters


def _spellings_of_letter(letter: str) -> list[str]:
    """Composed first, decomposed last."""
    if letter.isascii():
        return [letter]
    meant = unicodedata.normalize("NFD", letter)
    base, marks = meant[0], meant[1:]
    if _SEPARATOR.match(base):
        return [letter]  # ≠ in two characters begins with one that separates words
    orders = itertools.permutations(marks) if len(marks) <= _MAX_MARKS else ()
    found = [
        unicodedata.normalize("NFC", base + "".join(order[:count])) + "".join(order[count:])
        for order in orders
        for count in range(len(marks) + 1)
    ]
    between = [text for text in found if unicodedata.normalize("NFD", text) == meant != text]
    return list(dict.fromkeys([letter, *between, meant]))
