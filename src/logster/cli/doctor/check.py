"""Checks, made one after the other.

In: steps. Out: for each what was seen, how long it took, and advice when it is not well.
Promise: no failure of a step ends the others; what needs a failed one is not tried.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec

from logster.cli.answer import ClientError
from logster.errors import LogsterError

if TYPE_CHECKING:
    from collections.abc import Iterator


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One part and how it is; `is_well` None means that it was not tried."""

    name: str
    where: str
    is_well: bool | None
    ms: float | None = None
    detail: str = ""
    advice: str = ""


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One check to make; `needs` names the one without which it makes no sense."""

    name: str
    examine: Callable[[], str]
    advice: str
    needs: str | None = None
    #: `server`: the server said it; `here`: this machine was looked at.
    where: str = "server"


class NotKnownError(ClientError):
    """What cannot be found out from here, and is no fault."""


def make_checks(steps: list[Step]) -> Iterator[Check]:
    """Make the checks in order; what needs a failed one is not tried."""
    well: set[str] = set()
    for step in steps:
        if step.needs and step.needs not in well:
            yield Check(
                name=step.name, where=step.where, is_well=None, detail=f"needs {step.needs}"
            )
            continue
        check = _make_check(step)
        if check.is_well:
            well.add(step.name)
        yield check


def _make_check(step: Step) -> Check:
    started = time.perf_counter()
    is_well: bool | None
    try:
        detail, is_well, advice = step.examine(), True, ""
    except NotKnownError as error:
        detail, is_well, advice = str(error), None, ""
    except (LogsterError, OSError, sqlite3.Error) as error:
        detail, is_well, advice = str(error), False, step.advice
    except (KeyError, TypeError, ValueError):  # JSON of something else
        detail, is_well, advice = "the answer is none of Logster's", False, step.advice
    ms = round((time.perf_counter() - started) * 1000, 1)
    return Check(
        name=step.name, where=step.where, is_well=is_well, ms=ms, detail=detail, advice=advice
    )
