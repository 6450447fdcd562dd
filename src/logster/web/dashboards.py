"""Dashboards: kept by people, read by programs too; and questions with values in them.

In: a person's session (a key may look at the shared ones). Out: JSON.
Promise: who may see and change what is decided in `meta/sharing`; what is sent is the format of
an exported file, and a fault in it is refused with the name of the member.
"""

import asyncio
import re
from collections.abc import Collection
from typing import Annotated, Any

import msgspec
from litestar import delete, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from msgspec import Meta

from logster.errors import QueryError
from logster.event import render_instant
from logster.fields.instant import read_instant
from logster.meta.dashboards import (
    MAX_TILES,
    MAX_VALUES,
    MAX_VARIABLES,
    Board,
    Dashboard,
    Dashboards,
    Draft,
    Name,
    Summary,
    Tile,
    Value,
    Variable,
)
from logster.meta.sharing import Person, can_change
from logster.query.limits import MAX_TEXT_CHARACTERS
from logster.query.variables import bind, check_names
from logster.web.access import Principal
from logster.web.audit import audit_removed, audit_shared
from logster.web.orders import Order
from logster.web.refusals import refusing

#: Fifty tiles with long questions; a usual dashboard has a few kilobytes.
MAX_BODY_BYTES = 512 * 1024

#: Names the file and its version: what a later Logster writes, this one refuses.
FORMAT = "logster-dashboard/1"


class DashboardOrder(Board, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A dashboard to be kept, as an exported file has it; `format` is `logster-dashboard/1`."""

    format: str
    name: Name
    is_shared: bool = False


class DashboardChange(DashboardOrder, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The same, and the `version` that the change was made to."""

    version: int


class SummaryShape(msgspec.Struct, frozen=True, kw_only=True):
    """A kept dashboard; `can_change` says whether the one who asks may."""

    id: int
    name: str
    is_shared: bool
    owner: str
    can_change: bool
    version: int
    created_at: str
    changed_at: str


class DashboardShape(SummaryShape, frozen=True, kw_only=True):
    """The whole of it; the members of `DashboardOrder` make an exported file."""

    format: str
    since: str
    until: str
    refresh_s: int
    variables: list[Variable]
    tiles: list[Tile]


class DashboardsShape(msgspec.Struct, frozen=True, kw_only=True):
    """The principal's own dashboards and the shared ones, by name."""

    dashboards: list[SummaryShape]


class BindingOrder(Order, frozen=True, kw_only=True):
    """Questions, and what stands for each name: one value, several, or none for no condition."""

    questions: Annotated[
        list[Annotated[str, Meta(max_length=MAX_TEXT_CHARACTERS)]], Meta(max_length=MAX_TILES)
    ]
    values: Annotated[
        dict[str, Annotated[list[Value], Meta(max_length=MAX_VALUES)]],
        Meta(max_length=MAX_VARIABLES),
    ]


class MistakeShape(msgspec.Struct, frozen=True, kw_only=True):
    """A name that stands for nothing; the place counts characters of the question as sent."""

    message: str
    position: int
    length: int


class BindingShape(msgspec.Struct, frozen=True, kw_only=True):
    """The questions in their order, ready to be asked; and what is wrong with the names in each."""

    questions: list[str]
    mistakes: list[MistakeShape | None]


@get("/dashboards", summary="Dashboards")
async def list_dashboards(
    principal: NamedDependency[Principal], dashboards: NamedDependency[Dashboards]
) -> DashboardsShape:
    """Give the dashboards the caller may see, without their tiles."""
    user = principal.session.user if principal.session else None
    found = await dashboards.visible_to(principal.workspace, user)
    return DashboardsShape(
        dashboards=[SummaryShape(**_members(each, principal.person)) for each in found]
    )


@get("/dashboards/{dashboard_id:int}", summary="One dashboard")
async def show_dashboard(
    principal: NamedDependency[Principal],
    dashboards: NamedDependency[Dashboards],
    dashboard_id: FromPath[int],
) -> DashboardShape:
    """Give a dashboard with its tiles and variables."""
    user = principal.session.user if principal.session else None
    return _shape(await dashboards.find(principal.workspace, user, dashboard_id), principal.person)


@post("/dashboards", summary="Make or import a dashboard", request_max_body_size=MAX_BODY_BYTES)
async def make_dashboard(
    principal: NamedDependency[Principal],
    dashboards: NamedDependency[Dashboards],
    data: JSONBody[DashboardOrder],
) -> DashboardShape:
    """Keep a dashboard, new or from an exported file; needs a log-in."""
    person = _check_person(principal)
    with refusing():
        made = await dashboards.create(person, _draft(data))
    audit_shared(principal, "dashboard", made)
    return _shape(made, person)


@put(
    "/dashboards/{dashboard_id:int}",
    summary="Change a dashboard",
    request_max_body_size=MAX_BODY_BYTES,
)
async def change_dashboard(
    principal: NamedDependency[Principal],
    dashboards: NamedDependency[Dashboards],
    dashboard_id: FromPath[int],
    data: JSONBody[DashboardChange],
) -> DashboardShape:
    """Replace a dashboard that is one's own; administrators also replace shared ones.

    409 when it was changed since `version`.
    """
    person = _check_person(principal)
    with refusing():
        changed = await dashboards.change(person, dashboard_id, data.version, _draft(data))
    audit_shared(principal, "dashboard", changed)
    return _shape(changed, person)


@delete("/dashboards/{dashboard_id:int}", summary="Remove a dashboard")
async def remove_dashboard(
    principal: NamedDependency[Principal],
    dashboards: NamedDependency[Dashboards],
    dashboard_id: FromPath[int],
) -> None:
    """Forget a dashboard that is one's own; administrators also forget shared ones."""
    removed = await dashboards.remove(_check_person(principal), dashboard_id)
    audit_removed(principal, "dashboard", removed)


@post("/dashboards/{dashboard_id:int}/duplicate", summary="Duplicate a dashboard")
async def duplicate_dashboard(
    principal: NamedDependency[Principal],
    dashboards: NamedDependency[Dashboards],
    dashboard_id: FromPath[int],
) -> DashboardShape:
    """Keep a private copy of a dashboard one may see; needs a log-in."""
    person = _check_person(principal)
    with refusing():
        return _shape(await dashboards.duplicate(person, dashboard_id), person)


@post(
    "/dashboards/questions",
    summary="Put values into questions",
    status_code=200,
    request_max_body_size=MAX_BODY_BYTES,
)
async def bind_questions(
    principal: NamedDependency[Principal],  # noqa: ARG001  read rights, as for the questions themselves
    data: JSONBody[BindingOrder],
) -> BindingShape:
    """Give the questions with values in the place of names such as `$application`.

    A value stays a value, whatever it holds; ask the results as any search. A question with a
    name that has no values is a mistake, said in `mistakes` at its place in the list.
    """
    # Fifty of the longest take a second; other requests go on meanwhile.
    return await asyncio.to_thread(_bind_all, data)


def _bind_all(order: BindingOrder) -> BindingShape:
    return BindingShape(
        questions=[bind(question, order.values) for question in order.questions],
        mistakes=[_find_mistake(question, order.values) for question in order.questions],
    )


def _find_mistake(question: str, names: Collection[str]) -> MistakeShape | None:
    try:
        check_names(question, names)
    except QueryError as error:
        return MistakeShape(message=str(error), position=error.position, length=error.length)
    return None


def _check_person(principal: Principal) -> Person:
    return principal.check_person("Changes of dashboards")


def _draft(order: DashboardOrder) -> Draft:
    if order.format != FORMAT:
        raise ValueError(
            f"format: {order.format[:50]!r} is not known; this Logster reads {FORMAT!r}. "
            "Was the file made by a newer one?"
        )
    for member, instant in (("since", order.since), ("until", order.until)):
        try:
            _check_kept(instant)
        except ValueError:
            raise ValueError(
                f"{member}: {instant[:50]!r} is not a time to keep; 2026-01-31T08:15:30Z, "
                "or how long ago (15m, 2h, 7d) would do."
            ) from None
    board = Board(**{name: getattr(order, name) for name in Board.__struct_fields__})
    return Draft(name=order.name, board=board, is_shared=order.is_shared)


def _check_kept(instant: str) -> None:
    """What is kept must mean the same in every zone and at any hour; raises ValueError."""
    if instant and not re.fullmatch(r"\d{1,6}[smhdw]", instant, re.ASCII):
        read_instant(instant)


def _members(kept: Summary, person: Person | None) -> dict[str, Any]:
    return {
        "id": kept.id,
        "name": kept.name,
        "is_shared": kept.is_shared,
        "owner": kept.owner_email,
        "can_change": can_change(person, kept),
        "version": kept.version,
        "created_at": render_instant(kept.created_at),
        "changed_at": render_instant(kept.changed_at),
    }


def _shape(kept: Dashboard, person: Person | None) -> DashboardShape:
    board = {name: getattr(kept.board, name) for name in Board.__struct_fields__}
    return DashboardShape(**_members(kept, person), **board, format=FORMAT)


DASHBOARDS = (
    list_dashboards,
    show_dashboard,
    make_dashboard,
    change_dashboard,
    remove_dashboard,
    duplicate_dashboard,
    bind_questions,
)
