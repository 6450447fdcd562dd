"""What a client may say below /api/v1: bodies with known members, addresses with known names.

In: a request whose handler is known. Out: nothing, or a refusal that names what is not known,
and the nearest that is.
Promise: nothing a client says is left out in silence: whoever misspells `since` would otherwise
get the answer to another question, and an order would be carried out without one of its words.
"""

import re
from collections.abc import Collection, Iterator
from typing import Any

import msgspec
from litestar import Litestar, Request
from litestar.exceptions import ClientException, ValidationException
from litestar.routes import HTTPRoute

from logster.query.suggest import suggestion

MAX_NAME_CHARACTERS = 50
#: What msgspec says of a member that its type does not have.
_UNKNOWN = re.compile(r"Object contains unknown field `(.*)`", re.DOTALL)
_STEP = re.compile(r"\[[^\]]*\]|[^.\[]+")


class Order(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of a request; a member that it does not have is refused."""


def name_parameters(app: Litestar) -> dict[Any, dict[str, bool]]:
    """The names that may stand behind the `?`, and whether more than once, by handler."""
    return {
        handler: {
            parameter.field_alias: parameter.is_sequence
            for parameter in model.expected_query_params
        }
        for route in app.routes
        if isinstance(route, HTTPRoute)
        for handler, model in route.route_handler_map.values()
    }


def check_parameters(request: Request[Any, Any, Any]) -> None:
    """Refuse a name behind the `?` that the handler does not read, or reads once."""
    known = request.app.state.parameters.get(request.scope["route_handler"], {})
    for name, values in request.query_params.dict().items():
        if name not in known:
            raise ClientException(_refusal("parameter", name, known))
        if len(values) > 1 and not known[name]:
            raise ClientException(f"The parameter `{name}` stands {len(values)} times; send one.")


def say_invalid(request: Request[Any, Any, Any], error: ValidationException) -> str:
    """Why a request does not fit its handler; a member that is not known with the nearest."""
    faults = error.extra if isinstance(error.extra, list) else []
    said = [_say_fault(request, fault) for fault in faults]
    return "; ".join(said) or error.detail


def _say_fault(request: Request[Any, Any, Any], fault: dict[str, Any]) -> str:
    message = str(fault.get("message"))
    found = _UNKNOWN.match(message)
    if found is None:
        return f"{fault.get('key') or 'body'}: {message}"
    place = str(fault.get("key") or "")
    place = "" if place == "data" else place  # Litestar's word for the whole body
    body = request.scope["route_handler"].parsed_data_field
    known = frozenset(_members(body.annotation, place)) if body else frozenset()
    return _refusal("member", found[1], known, place)


def _refusal(what: str, name: str, known: Collection[str], place: str = "") -> str:
    told = f" of {place}" if place else ""
    shown = f"`{name[:MAX_NAME_CHARACTERS]}`"
    names = ", ".join(sorted(known)) or "none"
    return f"There is no {what} {shown}{told} here.{suggestion(name, known)} Known: {names}."


def _members(annotation: Any, place: str) -> Iterator[str]:
    """The members at a place such as `tiles[0]` of a body's type."""
    kind = msgspec.inspect.type_info(annotation)
    for step in _STEP.findall(place):
        kind = _inner(kind, step)
    if isinstance(kind, msgspec.inspect.StructType):
        yield from (field.encode_name for field in kind.fields)


def _inner(kind: Any, step: str) -> Any:
    if isinstance(kind, msgspec.inspect.Metadata):
        return _inner(kind.type, step)
    if isinstance(kind, msgspec.inspect.StructType):
        found = (field.type for field in kind.fields if field.encode_name == step)
        return next(found, kind)
    return getattr(kind, "item_type", None) or getattr(kind, "value_type", kind)
