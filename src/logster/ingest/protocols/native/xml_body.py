"""A native message in XML, as .NET's DataContractSerializer or a person writes it.

In: plain bytes and the charset of the Content-Type. Out: a `NativeMessage` or `Faults`.
Promise: a root in a data contract's namespace is read as the original read it (members in
alphabetical order, exact case, same namespace); any other root is read tolerantly. What is not
a member is kept as a property, in both.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from logster.ingest import json_text
from logster.ingest.charset import CharsetError
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
from logster.ingest.protocols.native.xml_elements import (
    MAX_DEPTH,
    Element,
    XmlTextError,
    read_elements,
)
from logster.ingest.xml_text import INSTANCE_NAMESPACE

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = "LogMessage"
CONTRACT_NAMESPACE = "http://schemas.datacontract.org/2004/07/"

#: The original's members in the only order its serializer reads.
_CONTRACT = ("Application", "Category", "Exception", "Message", "Severity", "StackTrace", "User")

_BLANKS = " \t\n\r"


def read_xml(body: bytes, declared: str) -> NativeMessage | Faults:
    """The message of an XML body; `declared` is the charset of the Content-Type, if any."""
    try:
        return _message(read_elements(body, declared))
    except XmlTextError as error:
        return one_fault("message", str(error), error.reason)
    except CharsetError as error:
        return one_fault("message", f"The body {error}.", "encoding")


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
        elif field == "fingerprint" and element.children:
            fields[field] = _read_fingerprint(element, faults)
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


def _read_fingerprint(element: Element, faults: Faults) -> list[str]:
    """The texts of a list, as .NET writes one: an element for each, of whatever name."""
    texts = (_read_member("fingerprint", child, faults) for child in element.children)
    return [text for text in texts if text is not None]


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
