r""".NET, also Mono's and in the languages of its packs: `at Shop.Pay(Order o) in C:\Pay.cs:line 9`.

The types and messages of a chain stand before all frames; then the frames of the innermost come,
and a line closes them. The exceptions of an aggregate follow behind its frames, in `---> (…)<---`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from logster.track.chain import Frame
from logster.track.frames.dotnet_libraries import is_of_library
from logster.track.frames.dotnet_page import is_page, read_page
from logster.track.frames.dotnet_words import AT, INNER_END, parse_place
from logster.track.frames.draft import Draft, finish
from logster.track.frames.family import Family
from logster.track.frames.head import find_head, is_sure, parse_head

if TYPE_CHECKING:
    from logster.track.chain import Raised

#: Longer lines are no frames; names of generic methods are long.
MAX_FRAME_CHARACTERS = 8_000
#: A text that was trimmed has no blanks before its first frame.
_FRAMES = re.compile(
    rf"^(?:[ \t]+{AT}[^\s(][^\n(]{{0,2000}}|at [\w.<>+`]{{3,500}})\(", re.MULTILINE
)
_CHAINED = re.compile(r"---> [^\W\d][\w.+`]{1,300}[:\n]")
#: A name, its parameters, which may have brackets, and the place.
_FRAME = re.compile(rf"[ \t]*{AT}([^\s(][^(]*)\(([^()]*(?:\([^()]*\)[^()]*)*)\)(.*)$")
#: The same, with the words that are read most.
_ENGLISH_FRAME = re.compile(r" {2,3}at ([^\s(][^(]*)\(([^()]*(?:\([^()]*\)[^()]*)*)\)(.*)$")
#: Unity's: `Player.Update () (at Assets/Player.cs:24)`.
_UNITY = re.compile(
    r"^([\w.+:<>`]{1,500}) ?\([^()\n]*\) \(at ([^()\n]+):(\d{1,9})\)$", re.MULTILINE
)
#: Some loggers name the trace in the line of its first frame.
_LABEL = re.compile(r"^(?:Stack ?[Tt]race|STACKTRACE): ?(?=[ \t]{0,4}at )", re.MULTILINE)
_CUT_FRAME = re.compile(rf"[ \t]+{AT}([^\s(][^\s(]*)\([^)]*$")
_MARK = re.compile(r"\s*--- .*---\s*$")
_AGGREGATED = re.compile(r"\s*---> \([^)#]{0,60}#\d+\) ?(.*)$")
_INNER = re.compile(r" ?---> ")
_ASSEMBLY = re.compile(r".*Version=\d[^:]*(?:: (.+):\s?(\d{1,9}))?$")
_OFFSET = re.compile(r" \[0x[0-9a-fA-F]+\]| \+\s?0x[0-9a-f]+| \+\d+$")
_WORDS = re.compile(
    r"""(?:Unhandled\ [Ee]xception[.:]\ |Unbehandelte\ Ausnahme:\ |Ausnahmefehler:[ ]
    |Необработанное\ исключение:\ |Exception\ non\ gérée\ :\ |Excepción\ no\ controlada:[ ]
    |Eccezione\ non\ gestita:\ |Exceção\ Sem\ Tratamento:\ |Nieobsługiwany\ wyjątek:[ ]
    |未经处理的异常:\ \ ?|ハンドルされていない例外:\ |처리되지\ 않은\ 예외:\ |\[ERROR\][ ]
    |Exception\ Info:\ |Exception:\ (?=\w+\.)){1,2}""",
    re.VERBOSE,
)


def claims(text: str) -> bool:
    """Whether a text has a frame as .NET prints them, or an inner exception."""
    if " ---> " in text and _CHAINED.search(text):
        return True
    if "(" not in text:
        return False
    return _FRAMES.search(text) is not None or is_page(text) or _UNITY.search(text) is not None


def read(text: str) -> tuple[Raised, ...]:
    """The exceptions of a text."""
    if text.startswith("[") and (raised := read_page(text)):
        return raised
    lines = _LABEL.sub("", text).split("\n")
    start = next((at for at, line in enumerate(lines) if _begins(line)), len(lines))
    reading = _Reading(lines[:start])
    for number, line in enumerate(lines[start:], start + 1):
        if not reading.take(line, is_last=number == len(lines)):
            break
    return reading.raised()


def _begins(line: str) -> bool:
    return _frame_of(line) is not None or _MARK.match(line) is not None


class _Reading:
    """A text whose first exceptions are told in `before`; the rest is read line by line."""

    def __init__(self, before: list[str]) -> None:
        self._drafts: list[Draft] = []
        self._add_chain(find_head(_with_breaks(before), _WORDS), None)
        #: Indexes of the exceptions whose frames come, the innermost last.
        self._open = list(range(len(self._drafts)))
        #: Behind the frames of an aggregate: what is told again is not read again.
        self._is_again = False

    def raised(self) -> tuple[Raised, ...]:
        """What was read, the outermost first; nothing when nothing of it is .NET's."""
        drafts = self._drafts
        if len(drafts) == 1 and not drafts[0].frames:
            return ()
        return finish(drafts)

    def take(self, line: str, *, is_last: bool) -> bool:
        """Read a line; False when what comes has nothing to do with it."""
        if (frame := _frame_of(line, is_last=is_last)) is not None:
            if not self._is_again:
                self._drafts[self._open[-1]].frames.append(frame)
        elif found := _AGGREGATED.match(line):
            self._aggregate(found[1])
        elif _MARK.match(line):
            if len(self._open) > 1 and INNER_END.search(line):
                self._open.pop()
        elif found := _INNER.match(line):
            self._add_inner(line[found.end() :])
        else:
            return not _is_another(line)
        if line.endswith("<---"):
            self._is_again = False
        return True

    def _add_inner(self, said: str) -> None:
        """The inner exception of one of an aggregate stands in the line behind it."""
        if self._is_again or self._drafts[-1].frames:
            return
        first = len(self._drafts)
        self._add_chain(_head_of(said.removesuffix("<---")), self._open[-1])
        self._open.extend(range(first, len(self._drafts)))

    def _aggregate(self, said: str) -> None:
        """One more exception of the aggregate; the first of them was told before its frames."""
        found = parse_head(said.partition(" ---> ")[0].removesuffix("<---"))
        name, message = found or (None, said)
        told = [draft for draft in self._drafts[1:] if draft.type == name]
        if any(_is_same(draft, message) for draft in told):
            self._is_again = True
            return
        self._is_again = False
        group = self._open[0]
        first = len(self._drafts)
        self._add_chain(_head_of(said.removesuffix("<---")), group)
        self._drafts[first].relation = "member"
        self._open = [group, *range(first, len(self._drafts))]

    def _add_chain(self, draft: Draft, parent: int | None) -> None:
        """The exceptions of one text, `a ---> b ---> c`: each was the reason for the one before."""
        texts = _split_chain("\n".join(draft.said or [draft.type or ""]))
        if draft.said is not None:
            draft.said = texts[0].rstrip("\n").split("\n")
        elif len(texts) > 1:
            draft.type = texts[0]
        self._append(draft, parent)
        for text in texts[1:]:
            outer = len(self._drafts) - 1
            inner = _head_of(text.rstrip("\n"))
            is_group = (self._drafts[outer].type or "").endswith("AggregateException")
            inner.relation = "member" if is_group else "cause"
            self._append(inner, outer)

    def _append(self, draft: Draft, parent: int | None) -> None:
        draft.parent = parent
        if parent is not None and draft.relation is None:
            draft.relation = "cause"
        self._drafts.append(draft)


def _split_chain(text: str) -> list[str]:
    """The texts of a chain; an arrow that no type stands behind is one of a message."""
    first, *rest = _INNER.split(text)
    texts = [first]
    for each in rest:
        found = parse_head(each.partition("\n")[0])
        if found and is_sure(found[0]):
            texts.append(each)
        else:
            texts[-1] += f" ---> {each}"
    return texts


def _is_same(draft: Draft, message: str | None) -> bool:
    said = "\n".join(draft.said or [])
    return said.partition("\n")[0].strip() == (message or "").partition("\n")[0].strip()


def _with_breaks(lines: list[str]) -> list[str]:
    """Inner exceptions stand in one line, or each in its own."""
    return [line[1:] if line.startswith("  --->") else line for line in lines]


def _head_of(text: str) -> Draft:
    first, *more = text.split("\n")
    found = parse_head(first)
    draft = Draft(*found) if found else Draft(None, first)
    for line in more:
        draft.say(line)
    return draft


def _is_another(line: str) -> bool:
    """Whether an exception that has nothing to do with those before begins here."""
    found = parse_head(line) if line[:1].isalpha() else None
    return found is not None and found[1] is not None and is_sure(found[0])


def _frame_of(line: str, *, is_last: bool = False) -> Frame | None:
    if len(line) > MAX_FRAME_CHARACTERS:
        return None
    is_english = line.startswith(("   at ", "  at "))
    found = (_ENGLISH_FRAME if is_english else _FRAME).match(line.removesuffix("<---"))
    if found is None and line.endswith(")") and (found := _UNITY.match(line)):
        return Frame(
            function=found[1], file=found[2], line=int(found[3]), in_app=not is_of_library(found[1])
        )
    if found is None:
        cut = _CUT_FRAME.match(line) if is_last else None
        return Frame(function=cut[1], in_app=not is_of_library(cut[1])) if cut else None
    name, parameters, rest = found.groups()
    function = name.rstrip()
    if " " in function:  # a type, or `async`, before the name
        last = function.rpartition(" ")[2]
        function = last if last.count("<") == last.count(">") else function
    file: str | None = None
    number: int | None = None
    if rest:
        file, number = parse_place(_OFFSET.sub("", rest) if "0x" in rest or "+" in rest else rest)
    elif "Version=" in parameters and (place := _ASSEMBLY.match(parameters)):
        file, number = place[1], int(place[2]) if place[2] else None
    return Frame(function=function, file=file, line=number, in_app=not is_of_library(function))


def is_library(frame: Frame) -> bool:
    """Whether a frame is of .NET, or of a library that many use."""
    names = (frame.module, frame.function)
    return is_of_library(".".join([name for name in names if name]))


FAMILY = Family("dotnet", claims, read, is_library)
