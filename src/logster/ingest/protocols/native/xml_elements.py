"""The elements of an XML text, with every limit that a stranger's XML needs.

In: plain bytes and the charset of the Content-Type. Out: the root `Element`; or an error that is
advice. Promise: a DOCTYPE is refused, nothing is expanded or fetched, nesting is checked while
parsing; references to control characters are read, as .NET writes them.
"""

from __future__ import annotations

import re
from xml.etree.ElementTree import ParseError

import msgspec
from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import XMLParser

from logster.ingest.charset import (
    UTF_8,
    CharsetError,
    decode,
    family_of,
    find_codec,
    hides_letters,
    is_wide,
    take_mark,
)
from logster.ingest.protocols.native.message import shown
from logster.ingest.xml_text import INSTANCE_NAMESPACE

#: Levels of elements, the root counted; as the original.
MAX_DEPTH = 256
#: An element costs about 3 µs and 200 bytes; no message has this many.
MAX_ELEMENTS = 100_000

_NIL = f"{{{INSTANCE_NAMESPACE}}}nil"
_DECLARATION = re.compile(
    r"<\?xml\s++version\s*+=\s*+[\"']([^\"']*+)[\"'](?:\s++encoding\s*+=\s*+[\"']([^\"']*+)[\"'])?"
)
#: A declaration without its charset being known: it has only ASCII, and is no longer than this.
_MAX_DECLARATION = 200
_WIDE_STARTS = {b"<\0": "utf_16_le", b"\0<": "utf_16_be"}

# References to control characters are no XML 1.0, but .NET writes and reads them. In
# comments and CDATA the same letters are plain text, so those are matched first.
_CONTROL_REFERENCE = re.compile(
    r"<!--.*?(?:-->|\Z)|<!\[CDATA\[.*?(?:\]\]>|\Z)"
    r"|&#(?:(?=[0-9])0*+(?P<decimal>[0-9]{0,2})|x(?=[0-9A-Fa-f])0*+(?P<hex>1?[0-9A-Fa-f]?));",
    re.DOTALL,
)
_CONTROLS = frozenset(range(32)) - {9, 10, 13}
_PRIVATE_USE = range(0xE000, 0xF900)


class Element(msgspec.Struct, gc=False):
    """An element; `text` is what stands in it outside of its children."""

    name: str
    namespace: str
    attributes: dict[str, str]
    text: list[str]
    children: list[Element]

    @property
    def content(self) -> str:
        """The text in one piece."""
        return "".join(self.text)

    @property
    def is_nil(self) -> bool:
        """Whether it says that it holds nothing, not even empty text."""
        return self.attributes.get(_NIL, "").strip() in ("true", "1")


class XmlTextError(ValueError):
    """XML that is refused; `reason` is its metric label."""

    def __init__(self, reason: str, sentence: str) -> None:
        super().__init__(sentence)
        self.reason = reason


def read_elements(body: bytes, declared: str) -> Element:
    """The root; `declared` is the charset of the Content-Type, if any.

    Raises XmlTextError or CharsetError.
    """
    return _parse(_decode(body, declared))


def _decode(body: bytes, declared: str) -> str:
    """The text; its mark, the header and the XML declaration must not say different things."""
    marked, body = take_mark(body)
    known = find_codec(declared)
    if declared and known is None and (not body.isascii() or hides_letters(declared)):
        raise CharsetError(f"has the charset {shown(declared)}, which is not known; send UTF-8")
    codec = marked or known or _WIDE_STARTS.get(body[:2]) or _declared_codec(body)
    text = decode(body, codec, "" if codec == UTF_8 else declared or codec)
    said = _DECLARATION.match(text)
    if said and said[1] != "1.0":
        raise XmlTextError("syntax", f"XML {shown(said[1])} is not read; send version 1.0.")
    names = {name for name in (declared if known else "", said and said[2]) if name}
    for name in names:
        if family_of(find_codec(name) or name) != family_of(codec):
            told = f"The XML declaration or the Content-Type says {shown(name)}"
            raise XmlTextError(
                "encoding",
                f"{told}, but the body is {family_of(codec).replace('_', '-')}; "
                "name the same charset everywhere.",
            )
    return text


def _declared_codec(body: bytes) -> str:
    """The charset of the declaration, where nothing else says one."""
    said = _DECLARATION.match(body[:_MAX_DECLARATION].decode("latin-1"))
    name = said[2] if said else None
    if not name:
        return UTF_8
    codec = find_codec(name)
    if codec is None:
        raise CharsetError(f"has the charset {shown(name)}, which is not known; send UTF-8")
    return UTF_8 if is_wide(codec) else codec


def _parse(text: str) -> Element:
    text, restored = _hide_controls(text)
    builder = _Builder(restored)
    parser = XMLParser(target=builder, forbid_dtd=True)
    try:
        parser.feed(text)
        parser.close()
    except ParseError as error:
        line, column = error.position
        told = str(error).split(":")[0]
        sentence = f"The body is not valid XML: {told} at line {line}, column {column + 1}."
        raise XmlTextError("syntax", sentence) from None
    except DefusedXmlException:
        raise XmlTextError(
            "doctype", "A DOCTYPE is not read; send the XML without it and without entities."
        ) from None
    return builder.root


def _hide_controls(text: str) -> tuple[str, dict[int, int]]:
    """Put characters of private use, found nowhere in the text, for references to controls."""
    if "&#" not in text:
        return text, {}
    chosen: dict[int, str] = {}
    used = set(text)
    free = (char for char in map(chr, _PRIVATE_USE) if char not in used)

    def hidden(found: re.Match[str]) -> str:
        if found["decimal"] is None and found["hex"] is None:
            return found[0]
        code = int(found["decimal"] or found["hex"] or "0", 16 if found["hex"] else 10)
        if code not in _CONTROLS:
            return found[0]
        if code not in chosen:
            char = next(free, None)
            if char is None:
                return found[0]  # the parser will refuse it
            chosen[code] = char
        return chosen[code]

    text = _CONTROL_REFERENCE.sub(hidden, text)
    return text, {ord(char): code for code, char in chosen.items()}


class _Builder:
    """Receives the parser's events and refuses what is too deep before it is built."""

    root: Element

    def __init__(self, restored: dict[int, int]) -> None:
        self._restored = restored
        self._open: list[Element] = []
        self._count = 0

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self._count += 1
        if len(self._open) >= MAX_DEPTH:
            raise XmlTextError("depth", f"The XML is nested deeper than {MAX_DEPTH} levels.")
        if self._count > MAX_ELEMENTS:
            raise XmlTextError("size", f"The XML has more than {MAX_ELEMENTS} elements.")
        namespace, _, name = tag.rpartition("}")
        if attributes and self._restored:
            attributes = {key: value.translate(self._restored) for key, value in attributes.items()}
        element = Element(name, namespace[1:], attributes, [], [])
        if self._open:
            self._open[-1].children.append(element)
        else:
            self.root = element
        self._open.append(element)

    def end(self, tag: str) -> None:  # noqa: ARG002 - the parser's interface
        self._open.pop()

    def data(self, text: str) -> None:
        self._open[-1].text.append(text.translate(self._restored) if self._restored else text)
