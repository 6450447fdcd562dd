"""Which name is meant by one that is misspelt.

In: a name as it was typed, and those that are known. Out: the one that is most like it.
Promise: pure; a name that is like none gets no suggestion.
"""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def nearest(name: str, names: Iterable[str]) -> str | None:
    """The name that a mistyped one is most like, in whatever case, or None."""
    by_folded = {known.lower(): known for known in names}
    found = difflib.get_close_matches(name.lower(), by_folded, n=1, cutoff=0.7)
    return by_folded[found[0]] if found else None


def suggestion(name: str, names: Iterable[str]) -> str:
    """A question for whoever mistyped a name: ` Did you mean …?`, or nothing."""
    found = nearest(name, names)
    return f" Did you mean `{found}`?" if found else ""
