"""Dashboards that people keep: tiles with questions, variables, a time and a layout.

In: a person, their workspace, and a board as they want it. Out: `Dashboard`s.
Promise: who sees and changes one is said in `sharing`; a change that did not see the newest
version is refused, so that nobody overwrites what somebody else did; all of it is bounded.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated, Literal

import msgspec
from msgspec import Meta
from sqlalchemy import select, update

from logster.errors import ConflictError, NotFoundError
from logster.meta import tables
from logster.meta.sharing import (
    MAX_INSTANT_CHARACTERS,
    MAX_NAME_CHARACTERS,
    changeable_in,
    check_length,
    check_name,
    check_room,
    check_sharing,
    insert_kept,
    load_kept,
    remove_kept,
    visible_in,
)
from logster.query.limits import MAX_TEXT_CHARACTERS

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Connection

    from logster.meta.database import Database
    from logster.meta.sharing import Person, Removed

#: What a person keeps in one workspace.
MAX_DASHBOARDS = 200
MAX_TILES = 50
MAX_VARIABLES = 20
MAX_VALUES = 100
MAX_VALUE_CHARACTERS = 1_000
MAX_FIELD_CHARACTERS = 500
#: The width of the grid, and more rows than anybody scrolls through.
COLUMNS = 12
MAX_ROWS = 1_000
MAX_TILE_ROWS = 50

Name = Annotated[str, Meta(max_length=MAX_NAME_CHARACTERS)]
Value = Annotated[str, Meta(max_length=MAX_VALUE_CHARACTERS)]
Instant = Annotated[str, Meta(max_length=MAX_INSTANT_CHARACTERS)]
Kind = Literal["line", "bar", "number", "table", "top", "patterns"]


class Variable(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A name that stands for values in the tiles' questions: `application:$application`.

    `values` are those it has until somebody chooses; none means no condition.
    """

    name: Annotated[str, Meta(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,39}$")]
    field: Annotated[str, Meta(max_length=MAX_FIELD_CHARACTERS)]
    values: Annotated[list[Value], Meta(max_length=MAX_VALUES)] = []
    is_multiple: bool = False


class Tile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A question, how its answer is shown, and where: in columns and rows from the top left."""

    kind: Kind
    title: Name
    q: Annotated[str, Meta(max_length=MAX_TEXT_CHARACTERS)]
    x: Annotated[int, Meta(ge=0, lt=COLUMNS)]
    y: Annotated[int, Meta(ge=0, le=MAX_ROWS)]
    w: Annotated[int, Meta(ge=1, le=COLUMNS)]
    h: Annotated[int, Meta(ge=1, le=MAX_TILE_ROWS)]


class Board(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a dashboard shows; `since` and `until` as questions have them, both empty for all."""

    since: Instant = "24h"
    until: Instant = ""
    refresh_s: Literal[0, 10, 60, 300] = 0
    variables: Annotated[list[Variable], Meta(max_length=MAX_VARIABLES)] = []
    tiles: Annotated[list[Tile], Meta(max_length=MAX_TILES)] = []


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """A dashboard as somebody wants to keep it."""

    name: str
    board: Board
    is_shared: bool = False


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """A kept dashboard without what it shows; instants are nanoseconds since 1970."""

    id: int
    owner: int
    owner_email: str
    name: str
    is_shared: bool
    version: int
    created_at: int
    changed_at: int


class Dashboard(Summary, frozen=True, kw_only=True):
    """The whole of it."""

    board: Board


class Dashboards:
    """What the people of all workspaces keep."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def visible_to(self, workspace: int, user: int | None) -> list[Summary]:
        """The shared ones of the workspace, and the person's own, by name."""
        seen = visible_in(tables.dashboards, workspace, user)
        found = await self._database.read(
            lambda connection: load_kept(connection, tables.dashboards, seen, without="board")
        )
        return [Summary(**row) for row in found]

    async def find(self, workspace: int, user: int | None, number: int) -> Dashboard:
        """The whole dashboard; raises NotFoundError unless it may be seen."""
        seen = visible_in(tables.dashboards, workspace, user) & (tables.dashboards.c.id == number)
        found = await self._database.read(lambda connection: _load(connection, seen))
        if not found:
            raise NotFoundError(f"There is no dashboard {number} that you may see.")
        return found[0]

    async def create(self, person: Person, draft: Draft) -> Dashboard:
        """Keep a dashboard; raises ForbiddenError, ValueError for what may not be kept."""
        check_sharing(person, is_shared=draft.is_shared)
        values = _values_of(draft)
        return await self._database.write(lambda connection: _insert(connection, person, values))

    async def duplicate(self, person: Person, number: int) -> Dashboard:
        """A private copy of a dashboard the person sees; raises NotFoundError, ValueError."""
        found = await self.find(person.workspace, person.user, number)
        name = found.name[: MAX_NAME_CHARACTERS - len(" (copy)")] + " (copy)"
        return await self.create(person, Draft(name=name, board=found.board))

    async def change(self, person: Person, number: int, version: int, draft: Draft) -> Dashboard:
        """Replace the dashboard of this version.

        Raises NotFoundError unless it is the person's to change, ForbiddenError unless they may
        share it, and ConflictError when it has another version by now.
        """
        check_sharing(person, is_shared=draft.is_shared)
        values = _values_of(draft)
        return await self._database.write(
            lambda connection: _change(connection, person, (number, version), values)
        )

    async def remove(self, person: Person, number: int) -> Removed:
        """Forget a dashboard, and tell what it was.

        Raises NotFoundError unless it is the person's to change.
        """

        def remove(connection: Connection) -> Removed:
            removed = remove_kept(connection, tables.dashboards, person, number)
            if removed is None:
                raise _missing(number)
            return removed

        return await self._database.write(remove)


def _insert(connection: Connection, person: Person, values: dict[str, object]) -> Dashboard:
    check_room(connection, tables.dashboards, person, MAX_DASHBOARDS, "dashboards")
    made = insert_kept(connection, tables.dashboards, person, {**values, "version": 1})
    return _load(connection, made)[0]


def _change(
    connection: Connection, person: Person, target: tuple[int, int], values: dict[str, object]
) -> Dashboard:
    (number, version), kept = target, tables.dashboards
    changeable = changeable_in(kept, person, number)
    # One statement decides, whoever else writes at the same moment.
    changing = update(kept).where(changeable & (kept.c.version == version))
    newer = {"version": version + 1, "changed_at": time.time_ns()}
    if not connection.execute(changing.values(**values, **newer)).rowcount:
        found = connection.execute(select(kept.c.version).where(changeable)).scalar()
        if found is None:
            raise _missing(number)
        raise ConflictError(
            f"The dashboard was changed meanwhile: it has version {found}, your change is to "
            f"version {version}. Load it again, or keep yours as a new dashboard."
        )
    return _load(connection, kept.c.id == number)[0]


def _load(connection: Connection, condition: ColumnElement[bool]) -> list[Dashboard]:
    return [
        Dashboard(**{**row, "board": msgspec.json.decode(row["board"], type=Board)})
        for row in load_kept(connection, tables.dashboards, condition)
    ]


def _missing(number: int) -> NotFoundError:
    return NotFoundError(f"There is no dashboard {number} that you may change.")


def _values_of(draft: Draft) -> dict[str, object]:
    """The columns of a row; raises ValueError, which names the member."""
    name = check_name(draft.name)
    check_board(draft.board)
    return {
        "name": name,
        "board": msgspec.json.encode(draft.board).decode(),
        "is_shared": draft.is_shared,
    }


def check_board(board: Board) -> None:
    """Raise ValueError for what the types alone do not refuse; names the member."""
    for member in ("since", "until"):
        check_length(member, getattr(board, member), MAX_INSTANT_CHARACTERS, least=0)
    names = [variable.name for variable in board.variables]
    for place, variable in enumerate(board.variables):
        member = f"variables[{place}]"
        if names.index(variable.name) < place:
            raise ValueError(f"{member}.name: there are two variables {variable.name!r}.")
        check_length(f"{member}.field", variable.field, MAX_FIELD_CHARACTERS)
        if len(variable.values) > 1 and not variable.is_multiple:
            raise ValueError(f"{member}.values: only one value, since is_multiple is false.")
        for value in variable.values:
            check_length(f"{member}.values", value, MAX_VALUE_CHARACTERS)
    for place, tile in enumerate(board.tiles):
        member = f"tiles[{place}]"
        check_length(f"{member}.title", tile.title, MAX_NAME_CHARACTERS, least=0)
        check_length(f"{member}.q", tile.q, MAX_TEXT_CHARACTERS, least=0)
        if tile.x + tile.w > COLUMNS:
            raise ValueError(f"{member}: x + w is {tile.x + tile.w}, at most {COLUMNS} columns.")
