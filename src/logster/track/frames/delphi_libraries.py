"""What is not the program's own in Delphi: its libraries, those of Windows, and known components.

In: module, file or unit, and function, as they are printed. Out: whether they are a library's.
"""

from __future__ import annotations

import re

_MODULE = re.compile(
    r"(?:rtl|vcl|fmx|dbrtl|dsnap|inet|xmlrtl|bindengine|designide|coreide|madExcept_?)\w*\.bpl$"
    r"|.*\.(?:dll|drv|ocx)$",
    re.IGNORECASE,
)
#: Units with a name space, and what reports put before their own.
_SPACES = (
    "system", "vcl", "fmx", "winapi", "data", "datasnap", "soap", "web", "xml", "rest", "firedac",
    "bde", "ibx", "indy", "id", "jcl", "dx", "cx", "rtl",
)  # fmt: skip
_UNITS = frozenset(
    """
    system sysinit sysutils classes forms controls stdctrls extctrls comctrls buttons menus actnlist
    graphics grids dbgrids db dbclient adodb messages windows dialogs registry inifiles math types
    variants typinfo contnrs syncobjs threads printers comobj activex axctrls oleauto shellapi
    imglist toolwin dbctrls dbtables provider midaslib sqlexpr winsock idglobal madexcept
    madstacktrace maddisasm jcldebug jclhookexcept exceptionlog ecallstack ecore eexceptionmanager
    threadpool generics objpas lclbase interfaces win32int customtimer lresources
    """.split()  # noqa: SIM905 - a list of words is read as one
)
_ENDINGS = (".pas", ".pp", ".inc", ".dpr", ".lpr", ".dcu")


def is_of_library(module: str | None, file: str | None, function: str | None) -> bool:
    """Whether a frame is not the program's own; nothing is known of one without a name."""
    if module is not None and _MODULE.match(module):
        return True
    if file is None or file == module:
        return function is None or _MODULE.match(file or "") is not None
    unit = file.replace("\\", "/").rpartition("/")[2].lower()
    for ending in _ENDINGS:
        unit = unit.removesuffix(ending)
    space, dot, _ = unit.partition(".")
    return (bool(dot) and space in _SPACES) or unit in _UNITS
