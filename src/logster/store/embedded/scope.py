"""What a question in SQL of an administrator may see, and who asks it.

They travel beside the question, as settings that the engine itself does not have.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from logster.store.embedded.inflation import BadRequestError

if TYPE_CHECKING:
    from collections.abc import Mapping

WORKSPACE_SETTING = "logster_workspace"
ASKER_SETTING = "logster_asker"
SINCE_SETTING = "logster_since_ns"
UNTIL_SETTING = "logster_until_ns"


class Scope(msgspec.Struct, frozen=True, kw_only=True):
    """The events of one workspace and time; `asker` is the name of an account or a key."""

    workspace: int
    asker: str
    since_ns: int | None = None
    until_ns: int | None = None


def render_scope(scope: Scope) -> dict[str, str | int]:
    """The settings that say it."""
    settings: dict[str, str | int] = {
        WORKSPACE_SETTING: scope.workspace,
        ASKER_SETTING: scope.asker,
    }
    if scope.since_ns is not None:
        settings[SINCE_SETTING] = scope.since_ns
    if scope.until_ns is not None:
        settings[UNTIL_SETTING] = scope.until_ns
    return settings


def read_scope(settings: Mapping[str, str]) -> tuple[Scope, dict[str, str]]:
    """What a question sees, and the settings that are left; raises BadRequestError."""
    rest = dict(settings)
    try:
        scope = Scope(
            workspace=int(rest.pop(WORKSPACE_SETTING)),
            asker=rest.pop(ASKER_SETTING),
            since_ns=_whole(rest.pop(SINCE_SETTING, "")),
            until_ns=_whole(rest.pop(UNTIL_SETTING, "")),
        )
    except (KeyError, ValueError) as error:
        raise BadRequestError(f"who asks, and where, is not said: {error}", 115) from error
    return scope, rest


def _whole(text: str) -> int | None:
    return int(text) if text else None
