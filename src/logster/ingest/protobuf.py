"""Protobuf messages that are declared in a few lines, for formats of which a part is read.

In: fields as a .proto file writes them. Out: classes of Google's runtime.
Promise: what is not declared is skipped; a text that is no UTF-8, a wrong length and nesting
beyond a hundred levels are refused by the runtime (`DecodeError`).

A part that may be many, or bad alone, is declared as `bytes` here and read by its own class: on
the wire these are the same. So it can be counted before anything is made of it, and costs itself.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from google.protobuf.descriptor_pb2 import FieldDescriptorProto, FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass

if TYPE_CHECKING:
    from collections.abc import Mapping

_FIELD = re.compile(r"(?P<repeated>repeated )?(?P<type>\w+) (?P<name>\w+) = (?P<number>\d+)")


def declare(package: str, messages: Mapping[str, str]) -> dict[str, Any]:
    """The class of each message; its text is `repeated bytes items = 2; string url = 3`."""
    file = FileDescriptorProto(name=f"{package}.proto", package=package, syntax="proto3")
    for name, fields in messages.items():
        message = file.message_type.add(name=name)
        for text in fields.split(";"):
            message.field.append(_read_field(package, text.strip(), messages))
    pool = DescriptorPool()
    pool.Add(file)
    return {
        name: GetMessageClass(pool.FindMessageTypeByName(f"{package}.{name}")) for name in messages
    }


def _read_field(package: str, text: str, messages: Mapping[str, str]) -> FieldDescriptorProto:
    found = _FIELD.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is no field of a message")
    field = FieldDescriptorProto(name=found["name"], number=int(found["number"]))
    repeated, optional = FieldDescriptorProto.LABEL_REPEATED, FieldDescriptorProto.LABEL_OPTIONAL
    field.label = repeated if found["repeated"] else optional
    if found["type"] in messages:
        field.type = FieldDescriptorProto.TYPE_MESSAGE
        field.type_name = f".{package}.{found['type']}"
    else:
        field.type = FieldDescriptorProto.Type.Value(f"TYPE_{found['type'].upper()}")
    return field
