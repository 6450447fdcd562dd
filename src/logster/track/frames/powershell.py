r"""PowerShell: positions (`At C:\jobs\\pay.ps1:12 char:3`), the concise view, and script stacks.

A position is a frame; where the stack of the script is told, that is more, and counts alone.
The words of a position are in the language of Windows, the signs between them are not.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from logster.track.chain import Frame
from logster.track.frames.causes import chained
from logster.track.frames.digits import parse_digits
from logster.track.frames.draft import Draft
from logster.track.frames.family import Family
from logster.track.frames.head import find_head

if TYPE_CHECKING:
    from logster.track.chain import Raised

_POSITION = re.compile(
    r"\s*(?:Au caractère|[^\W\d]{1,15}) (\S.*?): ?(\d+) (?:[^\W\d]{1,15})?: ?(\d+)\s*$"
)
_IS_PATH = re.compile(r"[\\/.(]")
_CODE = re.compile(r"\s*\+ ")
_CATEGORY = re.compile(r"\s*\+ CategoryInfo\s*: ")
_CATEGORY_TYPE = re.compile(r"\[[^\]]*\], ([\w.]+)")
_ERROR_ID = re.compile(r"\s*\+? ?FullyQualifiedErrorId\s*: ")
#: `Get-Item : Cannot find path …`: who says it is no part of it.
_SPEAKER = re.compile(r"(?:[A-Za-z]+-\w+|\S*\.psm?1) : ")

_CONCISE = "Line |"
_CONCISE_HEAD = re.compile(r"(\S{1,200}): ?(?:(\S.*?):(\d+))?$")
_CONCISE_CODE = re.compile(r"\s*(\d+) \|")
_CONCISE_SAID = re.compile(r"\s*\| ?(.*)$")
_MARK = re.compile(r"\|? *~[~ ]*$")

_CALL = re.compile(r"\s*(?:ScriptStackTrace\s*: )?[^\W\d]{1,4} (\S[^,]*), (\S.*)$")
_CALL_ENDS = re.compile(r"[^\W\d]{1,12} (\d+)$")
_MEMBER = re.compile(r"\s*(Type|Message) *: (.*)$")
_WORDS = re.compile(r"(?:\w+-\w+ ?: |Exception\s*: |ERROR: )")
_LIBRARY = re.compile(r"[\\/]Modules[\\/]|[\\/]Program Files[\\/]|[\\/]opt[\\/]microsoft[\\/]")


def claims(text: str) -> bool:
    """Whether a text has a position, or a script's stack, as PowerShell prints them."""
    return (
        "FullyQualifiedErrorId" in text
        or "+ CategoryInfo " in text
        or _CONCISE in text
        or "<ScriptBlock>" in text
        or (".ps" in text and (": line " in text or ".ps1:" in text))
        or (" char:" in text and "\n+ " in text)
    )


def read(text: str) -> tuple[Raised, ...]:
    """The exceptions of a text."""
    lines = text.split("\n")
    frames = _stack_of(lines)
    draft = _read_concise(lines) or _read_positions(lines)
    if draft is None and frames:
        draft = _introduced(lines)
    if draft is None:
        return ()
    draft.frames = frames or draft.frames
    return chained([draft])


# --- positions ----------------------------------------------------------------------------


def _read_positions(lines: list[str]) -> Draft | None:
    """The first error: what it says stands before its position; of the parser, behind it."""
    positions = [at for at, line in enumerate(lines) if _is_position(lines, at, line)]
    if not positions:
        return None
    draft = Draft()
    places = frozenset(positions)
    said = lines[: positions[0]]
    behind: list[str] = []
    for at, line in enumerate(lines[positions[0] :], positions[0]):
        if _CATEGORY.match(line):
            draft.type = _type_of(lines, at)
        elif _ERROR_ID.match(line):
            break
        elif at in places:
            draft.frames.append(_positioned(line))
        elif not _CODE.match(line) and line.strip() and draft.type is None:
            behind.append(line)
    paragraph = "\n".join(said).strip().rpartition("\n\n")[2].split("\n")
    if not paragraph[0]:
        paragraph = behind
    if paragraph:
        draft.said = [_SPEAKER.sub("", paragraph[0], count=1), *paragraph[1:]]
    return draft


def _is_position(lines: list[str], at: int, line: str) -> bool:
    """A position has the line of code below it; in English its words are enough."""
    if _POSITION.match(line) is None:
        return False
    follows = at + 1 < len(lines) and lines[at + 1].lstrip().startswith("+")
    return follows or line.lstrip().startswith("At ")


def _positioned(line: str) -> Frame:
    found = _POSITION.match(line)
    file, number, column = found.groups() if found else ("", None, None)
    return _frame(None, file if _IS_PATH.search(file) else None, number, column)


def _type_of(lines: list[str], at: int) -> str | None:
    """The type behind a category, which a narrow window breaks into lines."""
    category = [lines[at].strip()]
    for line in lines[at + 1 : at + _MAX_CATEGORY_LINES]:
        if _CODE.match(line) or not line.startswith("  "):
            break
        category.append(line.strip())
    found = _CATEGORY_TYPE.search("".join(category))
    return found[1] if found else None


_MAX_CATEGORY_LINES = 4


# --- the concise view ---------------------------------------------------------------------


def _read_concise(lines: list[str]) -> Draft | None:
    """`Exception: /jobs/pay.ps1:3`, the line of code, and below a mark what was said."""
    begins = next((at for at, line in enumerate(lines) if line.strip() == _CONCISE), None)
    found = _CONCISE_HEAD.search(lines[begins - 1][-_MAX_HEAD_CHARACTERS:]) if begins else None
    if begins is None or found is None:
        return None
    name, file, number = found.groups()
    draft = Draft(None if "-" in name else name)
    is_behind = False
    for line in lines[begins + 1 :]:
        if code := _CONCISE_CODE.match(line):
            number = number or code[1]
        elif _MARK.match(line.strip()):
            is_behind = True
        elif (said := _CONCISE_SAID.match(line)) is None:
            break
        elif is_behind:
            draft.said = [*(draft.said or ()), said[1]][:_MAX_SAID_LINES]
    draft.frames.append(_frame(None, file, number))
    return draft


_MAX_SAID_LINES = 100
_MAX_HEAD_CHARACTERS = 1_000


# --- the stack of a script ----------------------------------------------------------------


def _stack_of(lines: list[str]) -> list[Frame]:
    frames: list[Frame] = []
    for line in lines:
        if (frame := _called(line)) is not None:
            frames.append(frame)
        elif frames:
            break
    return frames


def _called(line: str) -> Frame | None:
    r"""`at Send-Order, C:\jobs\\pay.ps1: line 12`."""
    found = _CALL.match(line)
    if found is None:
        return None
    function, place = found.groups()
    file, _, number = place.rpartition(": ")
    ends = _CALL_ENDS.match(number)
    if ends is None or not file:
        return None
    return _frame(function, None if file.startswith("<") else file, ends[1])


def _introduced(lines: list[str]) -> Draft:
    """What stands before the stack: a text, or the members that `Get-Error` lists."""
    before = lines[: next(at for at, line in enumerate(lines) if _called(line) is not None)]
    members: dict[str, str] = {}
    for line in before:
        if found := _MEMBER.match(line):
            members.setdefault(found[1], found[2])
    if "Message" in members:
        return Draft(members.get("Type"), members["Message"])
    return find_head(before, _WORDS)


def _frame(
    function: str | None, file: str | None, line: str | None, column: str | None = None
) -> Frame:
    return Frame(
        function=function,
        file=file,
        line=parse_digits(line),
        column=parse_digits(column),
        in_app=not _is_of_library(file),
    )


def _is_of_library(file: str | None) -> bool:
    """A command typed by hand has no file, and is nobody else's."""
    return file is not None and _LIBRARY.search(file) is not None


def is_library(frame: Frame) -> bool:
    """Whether a frame is of an installed module."""
    return _is_of_library(frame.file)


FAMILY = Family("powershell", claims, read, is_library)
