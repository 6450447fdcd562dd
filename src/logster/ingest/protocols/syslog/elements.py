"""The structured data of RFC 5424: `[id name="value" …][…]` becomes properties.

In: the elements as text. Out: an object for each id. Promise: pure, linear; nothing is lost: a name
that is there several times has a list.
"""

from __future__ import annotations

import re
from typing import Any

#: All elements at the head of a text. A `]` in a value should be escaped; where it is not, the
#: quotes tell. Possessive: what does not match is not tried in other ways.
ELEMENTS = re.compile(
    r'(?:\[[^\s="\]]++(?: ++[^\s="\]]++="(?:[^"\\]++|\\.)*+")*+ *+\])++', re.DOTALL
)
_PART = re.compile(r'\[([^\s="\]]+)| ([^\s="\]]+)="((?:[^"\\]+|\\.)*)"', re.DOTALL)
_ESCAPED = re.compile(r'\\(["\\\]])')


def read_elements(text: str) -> dict[str, Any]:
    """The parameters of every element, by its id."""
    elements: dict[str, Any] = {}
    parameters: dict[str, Any] = {}
    for identity, name, value in _PART.findall(text):
        if identity:
            parameters = elements.setdefault(identity, {})
        else:
            _add(parameters, name, _ESCAPED.sub(r"\1", value) if "\\" in value else value)
    return elements


def _add(parameters: dict[str, Any], name: str, value: str) -> None:
    if name not in parameters:
        parameters[name] = value
    elif isinstance(parameters[name], list):
        parameters[name].append(value)
    else:
        parameters[name] = [parameters[name], value]
