"""One text, several spellings: `é` is one character or two, and means the same."""

from __future__ import annotations

import unicodedata


def spellings(text: str) -> tuple[str, ...]:
    """The text as it is, composed and decomposed; each once."""
    if text.isascii():
        return (text,)
    forms = (text, *(unicodedata.normalize(form, text) for form in ("NFC", "NFD")))
    return tuple(dict.fromkeys(forms))
