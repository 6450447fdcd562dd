r"""The one way text leaves the command line: to a terminal, a pipe or a file alike.

In: text that may hold what a log, a server or a file's name holds. Out: the same, readable.
Promise: nothing of it can move the cursor, ring the bell, hide or reorder text, or begin a line
where one line is meant: what cannot be seen is shown as an escape. The text is the same for a
terminal and for a pipe, whose end is mostly a terminal, too; only colours are for terminals
alone. JSON keeps its value, with such characters as `\uXXXX` (docs/decisions/033).
"""

from __future__ import annotations

import codecs
import os
import re
import sys
from typing import Any

import click

#: What moves, hides or reorders text: C0 but tab and line feed, DEL, C1; what has no width
#: (soft hyphen, joiners, fillers, marks and their invisible kin, tags); direction marks; the
#: separators of lines and paragraphs; half a pair. Accents and the selectors of emoji stay.
_UNSEEN = (
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    "\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff0-\ufffb"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff\ud800-\udfff]"
)
_UNPRINTABLE = re.compile(_UNSEEN)
_BREAKS = re.compile("[\t\n]")
#: Our own colours, which `click.style` makes; everything else is text.
_COLOURED = re.compile(f"(\x1b\\[[0-9;]*m)|{_UNSEEN}")


def show(text: str = "", *, nl: bool = True) -> None:
    """Print a result on standard output."""
    _write(text, nl=nl, err=False)


def note(text: str) -> None:
    """Print what is said beside the result, on standard error."""
    _write(text, nl=True, err=True)


def printable(text: str) -> str:
    """Show what cannot be seen as an escape; lines stay lines."""
    return _UNPRINTABLE.sub(_escape, text)


def one_line(text: str) -> str:
    """Make it printable, on one line."""
    return _BREAKS.sub(_escape, printable(text))


def indented(text: str, width: int) -> str:
    """Make it printable; its further lines stand in, so that none looks like one of ours."""
    return printable(text.rstrip()).replace("\n", "\n" + " " * width)


def escape_json(text: str) -> str:
    """Write what cannot be seen in JSON as JSON does it: the value is the same."""
    return _UNPRINTABLE.sub(_escape_for_json, text)


def render_json(value: Any) -> str:
    """Write a value as one line of JSON."""
    import msgspec  # noqa: PLC0415  `logster --help` has no need of it

    return escape_json(msgspec.json.encode(value).decode())


class Screen:
    """A terminal as the file that an export is written to."""

    def __init__(self, form: str) -> None:
        self._form = form
        self._decoder = codecs.getincrementaldecoder("utf-8")("backslashreplace")
        self._is_quoted = False

    def write(self, piece: bytes) -> None:
        """Print the next piece of NDJSON or CSV."""
        text = self._decoder.decode(piece)
        show(self._flatten(text) if self._form == "csv" else escape_json(text), nl=False)

    def _flatten(self, text: str) -> str:
        """A line feed between quotes is no new row; rows of CSV end with CR and LF."""
        parts = text.split('"')
        for number, part in enumerate(parts):
            is_quoted = self._is_quoted != bool(number % 2)
            parts[number] = one_line(part) if is_quoted else part.replace("\r", "")
        self._is_quoted ^= len(parts) % 2 == 0
        return '"'.join(parts)


def _write(text: str, *, nl: bool, err: bool) -> None:
    clean = _COLOURED.sub(lambda found: found[1] or _escape(found), text)
    encoding = (sys.stderr if err else sys.stdout).encoding or "utf-8"
    fitting = clean.encode(encoding, "backslashreplace").decode(encoding)
    click.echo(fitting, nl=nl, err=err, color=_in_color())


def _in_color() -> bool | None:
    """None: click colours terminals alone; NO_COLOR (no-color.org) asks for none there too."""
    return False if os.environ.get("NO_COLOR") else None


def _escape(found: re.Match[str]) -> str:
    return ascii(found[0])[1:-1]


def _escape_for_json(found: re.Match[str]) -> str:
    # Line feeds between values are JSON's own, and there is no other control but in a string.
    units = found[0].encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))
