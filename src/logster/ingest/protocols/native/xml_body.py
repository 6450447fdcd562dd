"""A native message in XML, as .NET's DataContractSerializer or a person writes it.

In: plain bytes and the charset of the Content-Type. Out: a `NativeMessage` or `Faults`.
Promise: a DOCTYPE is refused, nothing is expanded or fetched, nesting is checked
while parsing. A root in a data contract's namespace is read as the original read
it (members in alphabetical order, exact case, same namespace); any other root is
read tolerantly. What is not a member is kept as a property, in both.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from xml.etree.ElementTree import ParseError

import msgspec
from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import XMLParser

from logster.ingest import json_text
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
from logster.ingest.normalize import ORIGINAL_TIMESTAMP
from logster.ingest.protocols.native.message import (
    MEMBERS,
    NET_BLANKS,
    Faults,
    NativeMessage,
    check_rules,
    is_instant,
    merge_properties,
    one_fault,
    read_severity,
    severity_fault,
    shown,
)
from logster.ingest.xml_text import INSTANCE_NAMESPACE

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = "LogMessage"
CONTRACT_NAMESPACE = "http://schemas.datacontract.org/2004/07/"

#: Levels of elements, the root counted; as the original.
MAX_DEPTH = 256
#: An element costs about 3 µs and 200 bytes; no message has this many.
MAX_ELEMENTS = 100_000

#: The original's members in the only order its serializer reads.
_CONTRACT = ("Application", "Category", "Exception", "Message", "Severity", "StackTrace", "User")

_BLANKS = " \t\n\r"
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


def read_xml(body: bytes, declared: str) -> NativeMessage | Faults:
    """The message of an XML body; `declared` is the charset of the Content-Type, if any."""
    try:
        root = _parse(_decode(body, declared))
        return _message(root)
    except XmlTextError as error:
        return one_fault("message", str(error), error.reason)
    except CharsetError as error:
        return one_fault("message", f"The body {error}.", "encoding")


# --- text to elements -----------------------------------------------------------------


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


# --- elements to message --------------------------------------------------------------


def _message(root: Element) -> NativeMessage | Faults:
    is_contract = root.namespace.startswith(CONTRACT_NAMESPACE)
    if root.name != ROOT and (is_contract or root.name.lower() != ROOT.lower()):
        raise XmlTextError("syntax", f"The root element is {shown(root.name)}; send {ROOT}.")
    if root.content.strip(_BLANKS):
        raise XmlTextError("syntax", "There is text between the members.")
    fields: dict[str, Any] = {}
    faults = Faults()
    unknown: list[Element] = []
    properties: Element | None = None
    for field, element in _members(root, is_contract=is_contract):
        if field is None:
            unknown.append(element)
        elif field == "timestamp" and not _is_time(element):
            # Kept, and put at its arrival: a time that cannot be read costs no message.
            if element.children or (element.content.strip(NET_BLANKS) and not element.is_nil):
                unknown.append(msgspec.structs.replace(element, name=ORIGINAL_TIMESTAMP))
        elif field == "properties":
            properties = element
        else:
            fields[field] = _read_member(field, element, faults)
    check_rules(fields, faults, (element.name for element in unknown))
    if faults:
        return faults
    return NativeMessage(**fields, properties=_properties(properties, unknown))


def _members(root: Element, *, is_contract: bool) -> Iterator[tuple[str | None, Element]]:
    """Each child with its field, or None when it is not a member; the first of equals is one."""
    if root.is_nil:
        return
    seen: set[str] = set()
    next_member = 0
    for element in root.children:
        field = MEMBERS.get(element.name.lower())
        if field in seen:
            field = None
        elif is_contract and field in _CONTRACT_FIELDS:
            if element.name not in _CONTRACT[next_member:] or element.namespace != root.namespace:
                field = None
            else:
                next_member = _CONTRACT.index(element.name) + 1
        if field is not None:
            seen.add(field)
        yield field, element


_CONTRACT_FIELDS = frozenset(MEMBERS[name.lower()] for name in _CONTRACT)


def _is_time(element: Element) -> bool:
    return not (element.children or element.is_nil) and is_instant(element.content)


def _read_member(field: str, element: Element, faults: Faults) -> Any:
    key = f"message.{element.name}"
    if element.children:
        inside = shown(element.children[0].name)
        faults.add(key, f"{element.name} must be text, but holds the element {inside}.", "type")
        return 0 if field == "severity" else None
    text = None if element.is_nil else element.content
    if field == "severity":
        return _read_severity(key, text, faults)
    return text


def _read_severity(key: str, text: str | None, faults: Faults) -> int:
    severity = None if text is None else read_severity(text)
    if severity is None:
        faults.add(key, severity_fault("nil" if text is None else shown(text)), "severity")
        return 0
    return severity


# --- properties -----------------------------------------------------------------------


def _properties(properties: Element | None, elements: list[Element]) -> msgspec.Raw:
    unknown = {
        name: msgspec.json.encode(value).decode() for name, value in _grouped(elements).items()
    }
    explicit: str | None = None
    if properties is not None and not properties.is_nil:
        explicit = _explicit(properties)
        if explicit is None and properties.content.strip(_BLANKS):
            unknown["Properties"] = json_text.quote(properties.content)
    merged = merge_properties(explicit, unknown)
    # Lists of repeated elements are levels of their own, so XML may grow deeper as JSON.
    if json_text.exceeds_depth(merged):
        raise XmlTextError("depth", f"The properties are nested deeper than {MAX_DEPTH} levels.")
    return msgspec.Raw(merged)


def _explicit(properties: Element) -> str | None:
    """The Properties element as a JSON object, from its elements or its JSON text."""
    if properties.children:
        return msgspec.json.encode(_value(properties)).decode()
    text = properties.content.strip(_BLANKS)
    try:
        json_text.read_members(text)
    except json_text.JsonTextError:
        return None
    return text


def _grouped(elements: list[Element]) -> dict[str, Any]:
    """Values by name; a repeated name becomes a list."""
    values: dict[str, list[Any]] = {}
    for element in elements:
        values.setdefault(element.name, []).append(_value(element))
    return {name: found[0] if len(found) == 1 else found for name, found in values.items()}


def _value(element: Element) -> Any:
    """Text, or an object of attributes (@name), children and text between them (#text)."""
    if element.is_nil:
        return None
    attributes = {
        f"@{name.rpartition('}')[2]}": value
        for name, value in element.attributes.items()
        if not name.startswith(f"{{{INSTANCE_NAMESPACE}}}")
    }
    if not attributes and not element.children:
        return element.content
    value = {**attributes, **_grouped(element.children)}
    if element.content.strip(_BLANKS):
        value["#text"] = element.content
    return value
