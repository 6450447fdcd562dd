"""Delphi and Free Pascal: reports of madExcept, EurekaLog and JclDebug, and Free Pascal's own.

A frame has its unit as its file where no file is printed, and its module where no unit is.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from logster.track.chain import Frame
from logster.track.frames.causes import chained
from logster.track.frames.delphi_libraries import is_of_library
from logster.track.frames.digits import parse_digits
from logster.track.frames.draft import Draft
from logster.track.frames.family import Family

if TYPE_CHECKING:
    from collections.abc import Sequence

    from logster.track.chain import Raised

#: `00749f51 +251 Shop.exe Debugger 1073 +33 TDebugger.Log`; unit and line are not always known.
_MAD = re.compile(
    r"\s*[0-9a-f]{8,16} \+[0-9a-f]{2,8} (\S{1,260})(?: +(\S.*))?$", re.ASCII | re.IGNORECASE
)
_MAD_PLACE = re.compile(r"(?:(\S+) +)?(\d+) +\+\d+ +(\S.*)$")
#: `[9D5BD945]{Shop.exe} Main.TForm1.Pay (Line 993, "Main.pas" + 3) + $10`, of JclDebug.
_JCL = re.compile(
    r"\s*[\[(][0-9A-F]{8,16}[\])](?:\{([^}]*)\})?(?: \[[0-9A-F]{8,16}\])?(?: (\S.*))?$",
    re.IGNORECASE,
)
_JCL_PLACE = re.compile(r' \(Line (\d+), "([^"]*)"')
#: Without a module there is one of these; what loggers put between brackets has neither.
_JCL_SIGN = re.compile(r' \(Line \d+, "| \+ \$[0-9A-F]+$', re.IGNORECASE)
_JCL_OFFSET = re.compile(r" \+ \$[0-9A-F]+$", re.IGNORECASE)
#: `$0040153A  PAY,  line 12 of shop.lpr`, of Free Pascal.
_FREE = re.compile(r"\s*\$[0-9A-F]{8,16}(?:\s+(\S[^,]*)(?:, +line (\d+) of (\S.*))?)?$")
#: The columns of EurekaLog's table, from its heading.
_HEADING = re.compile(r"\|Methods? *\||\|Address *\|.*\|Module *\|")

_CLASS = re.compile(
    r"\s*(?:exception class|[\d.]* ?(?:Type|Exception Class))\s*: (\S+)", re.IGNORECASE
)
_SAID = re.compile(r"\s*(?:exception message|[\d.]* ?Message)\s*: (.*)$", re.IGNORECASE)
_RAISED = re.compile(
    r"(?:.{0,200}? )??(?:raised )?(?:exception )?(?:class )?(E[A-Z]\w+)"
    r"(?: with message '(.*?)'?\.?$|: (.*)$| in module |$)"
)
#: What the debugger says, without a stack.
_DEBUGGED = re.compile(r" raised exception class (\w{1,200}) with message '([^\n]*)'")


def claims(text: str) -> bool:
    """Whether a text may have a stack of Delphi: an address of its forms stands in it."""
    return " raised exception class " in text or _SIGN.search(text) is not None


_SIGN = re.compile(
    r"^[ \t]{0,20}(?:[0-9a-f]{8,16} \+[0-9a-f]{2,8} \S"
    r"|[\[(][0-9A-F]{8,16}[\])](?:\{| \[| [A-Za-z])"
    r"|\$[0-9A-F]{8,16}(?:\s|$)"
    r"|\|[^|\n]{0,40}\|[^|\n]{0,40}\|[^|\n]{0,40}\|)",
    re.MULTILINE,
)


def read(text: str) -> tuple[Raised, ...]:
    """The exceptions of a text."""
    lines = text.split("\n")
    draft: Draft | None = None
    columns: list[str] = []
    for at, line in enumerate(lines):
        if not columns and _HEADING.match(line):
            columns = _cells_of(line)
            continue
        frame = _row(columns, line) if columns else _frame_of(line)
        if frame is not None:
            draft = draft or _introduced(lines[:at])
            draft.frames.append(frame)
        elif draft is not None and (not columns or not line.strip() or _is_of_other_thread(line)):
            break
    if draft is None and (found := _DEBUGGED.search(text)):
        draft = Draft(found[1], found[2])
    return chained([draft]) if draft else ()


def _is_of_other_thread(line: str) -> bool:
    """Of EurekaLog's table the first thread is the one that raised."""
    return line.startswith("|") and "Thread" in line


def _introduced(lines: Sequence[str]) -> Draft:
    """The exception that the lines before the first frame tell of."""
    name = said = None
    for line in lines:
        if name is None and (found := _CLASS.match(line)):
            name = found[1]
        elif said is None and (found := _SAID.match(line)):
            said = found[1]
    if name or said:
        return Draft(name, said)
    for line in lines[-_MAX_HEAD_LINES:]:
        if found := _RAISED.match(line[:_MAX_HEAD_CHARACTERS]):
            return Draft(found[1], found[2] or found[3] or None)
    last = "\n".join(lines).rstrip().rpartition("\n")[2].strip()
    return Draft(None, last or None)


_MAX_HEAD_LINES = 50
_MAX_HEAD_CHARACTERS = 2_000


# --- frames -------------------------------------------------------------------------------


def _frame_of(line: str) -> Frame | None:
    if len(line) > _MAX_FRAME_CHARACTERS:
        return None
    if found := _MAD.match(line):
        return _of_madexcept(found[1], found[2])
    if (found := _JCL.match(line)) and (found[1] is not None or _JCL_SIGN.search(line)):
        return _of_jcl(found[1], found[2])
    if found := _FREE.match(line.rstrip()):
        function, number, file = found.groups()
        return _frame(function, None, file, number)
    return None


_MAX_FRAME_CHARACTERS = 1_000


def _of_madexcept(module: str, told: str | None) -> Frame:
    """Behind the module: unit, line and function; or unit and function; or a function alone."""
    if told is None:
        return _frame(None, module, module)
    if found := _MAD_PLACE.match(told):
        return _frame(found[3], module, found[1] or module, found[2])
    unit, _, function = told.partition(" ")
    if function:
        return _frame(function.strip(), module, unit)
    return _frame(told, module, module)


def _of_jcl(module: str | None, told: str | None) -> Frame:
    module = module.strip() if module else None
    if told is None:
        return _frame(None, module, module)
    place = _JCL_PLACE.search(told)
    function = told[: place.start()] if place else _JCL_OFFSET.sub("", told)
    number, file = place.groups() if place else (None, module)
    return _frame(function, module, file, number)


def _row(columns: list[str], line: str) -> Frame | None:
    """A row of EurekaLog's table, whose columns differ between its versions."""
    if not line.startswith("|") or len(line) > _MAX_FRAME_CHARACTERS:
        return None
    cells = dict(zip(columns, _cells_of(line), strict=False))
    address = cells.get("Address", "")
    if not address or not address.isalnum() or "Address" in address:
        return None
    module, unit, number = cells.get("Module"), cells.get("Unit"), cells.get("Line", "")
    names = [cells.get("Class"), cells.get("Procedure/Method") or cells.get("Procedure")]
    function = ".".join([name for name in names if name]) or None
    number = number.partition("[")[0].strip()
    return _frame(function, module, unit or module, number if number.isdecimal() else None)


def _cells_of(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def _frame(
    function: str | None, module: str | None, file: str | None, line: str | None = None
) -> Frame:
    return Frame(
        function=function,
        file=file,
        line=parse_digits(line),
        in_app=not is_of_library(module, file, function),
    )


def is_library(frame: Frame) -> bool:
    """Whether a frame is of the libraries of Delphi, of Windows or of a component of others."""
    return is_of_library(frame.module, frame.file, frame.function)


FAMILY = Family("delphi", claims, read, is_library)
