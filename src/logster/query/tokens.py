"""What a word is, and where one may begin and end: what the engine's text index knows, too.

In: a text that is looked for. Out: its tokens, and an expression that finds it in lower-cased text.
Promise: pure; cut as the engine cuts (`splitByNonAlpha`), in lower case as the engine folds.

Text is cut into *tokens*: the longest runs of ASCII letters, ASCII digits and any character
beyond ASCII; everything else separates. Upper and lower case are the same for every script: both
sides fold with Unicode's full lower-casing (`str.lower`, the engine's `lowerUTF8`). So are the
spellings of one text, as `é` in one character or in two (`unicode`).

A word or phrase is found where its literal text stands with no further token character glued to
an end: `10.0.0.1` is in `from 10.0.0.1:80`, not in `10.0.0.12`; a prefix (`time*`) may go on at
its end. Elsewhere in prose a `*` is any run of characters without a space.

Chinese, Japanese, Thai and others put no spaces between words, so a whole sentence is one token: a
word that begins or ends in one of their letters may go on there. `登录` is in `用户登录失败`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from logster.query.unicode import folded_spellings

if TYPE_CHECKING:
    from collections.abc import Callable

    from logster.query.tree import Glob, Words

#: What a `*` in prose does not cross, as members of a set of characters; RE2's and ASCII's.
SPACES = r"\t\n\f\r "

#: What tokens are made of, as members of a set of characters.
_CHARACTERS = r"0-9A-Za-z\x80-\U0010ffff"
_TOKEN = re.compile(f"[{_CHARACTERS}]+")
#: A word, or what stands between two.
_RUN = re.compile(f"[{_CHARACTERS}]+|[^{_CHARACTERS}]+")
#: Letters of scripts that put no space between words: Thai, Lao, Tibetan, Burmese, Khmer, Tai,
#: Balinese, Javanese, Chinese, Japanese, Yi; with the marks of East Asia, which end their words.
_SPACELESS = re.compile(
    "[\u0e00-\u0fff\u1000-\u109f\u1780-\u17ff\u1950-\u19ff\u1a20-\u1aaf\u1b00-\u1b7f"
    "\u2e80-\u312f\u3190-\u31ff\u3400-\u4dbf\u4e00-\ua4cf\ua980-\ua9ff\uaa60-\uaadf"
    "\uf900-\ufaff\ufe30-\ufe4f\uff00-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uff9f"
    "\U0001b000-\U0001b16f\U00020000-\U0003ffff]"
)


def tokens_of(text: str) -> list[str]:
    """The tokens of a text, lower case, as the engine's text index cuts them."""
    return _TOKEN.findall(text.lower())


def is_token(text: str) -> bool:
    """Whether it is one token and nothing else."""
    return _TOKEN.fullmatch(text) is not None


def whole_tokens_of(words: Words) -> list[str]:
    """The tokens that stand whole in a match: at an open end one may go on."""
    tokens = tokens_of(words.text)
    is_bounded_before, is_bounded_behind = bounds_of(words)
    if tokens and not is_bounded_before and _begins_in_token(words.text):
        tokens = tokens[1:]
    if tokens and not is_bounded_behind and _ends_in_token(words.text):
        tokens = tokens[:-1]
    return tokens


def whole_tokens_in(pieces: tuple[str, ...]) -> list[str]:
    """The tokens that stand whole in a match of pieces with a `*` between them."""
    tokens = []
    for number, piece in enumerate(pieces):
        text = piece.lower()
        for token in _TOKEN.finditer(text):
            is_glued_before = token.start() == 0 and (number > 0 or not _is_bounded(text[:1]))
            is_glued_behind = token.end() == len(text) and (
                number + 1 < len(pieces) or not _is_bounded(text[-1:])
            )
            if not (is_glued_before or is_glued_behind):
                tokens.append(token[0])
    return tokens


def _begins_in_token(text: str) -> bool:
    return _TOKEN.match(text) is not None


def _ends_in_token(text: str) -> bool:
    return _TOKEN.match(text[-1:]) is not None


def bounds_of(words: Words) -> tuple[bool, bool]:
    """Whether a token character must not stand directly before, and behind, the literal text."""
    return _is_bounded(words.text[:1]), _is_bounded(words.text[-1:]) and not words.is_prefix


def bounds_of_glob(glob: Glob) -> tuple[bool, bool]:
    """The same for a pattern in prose; a star at an end lets anything stand there."""
    return _is_bounded(glob.texts[0][:1]), _is_bounded(glob.texts[-1][-1:])


def _is_bounded(character: str) -> bool:
    """Whether a word that ends in this character ends there: not where scripts have no spaces."""
    return _TOKEN.match(character) is not None and _SPACELESS.match(character) is None


def pattern_of_text(text: str, escape: Callable[[str], str]) -> str:
    """An expression that finds a text in lower-cased text, each word by all its spellings."""
    return "".join(
        escape(found[0]) if len(found) == 1 else f"(?:{'|'.join(map(escape, found))})"
        for found in runs_of(text)
    )


def runs_of(text: str) -> list[tuple[str, ...]]:
    """The words of a text in lower case and what is between them, each with its spellings."""
    return [folded_spellings(run) for run in _RUN.findall(text.lower())]


def bounded_pattern(
    middle: str, is_bounded_before: bool, is_bounded_behind: bool
) -> re.Pattern[str]:
    """An expression with no token character before it, or behind it, where it is bounded."""
    return re.compile(
        (f"(?<![{_CHARACTERS}])" if is_bounded_before else "")
        + middle
        + (f"(?![{_CHARACTERS}])" if is_bounded_behind else "")
    )
