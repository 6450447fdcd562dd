"""What a search says of issues, among what it says of their errors.

In: a filter (`is:open assigned:me severity>=fatal timeout`), and who asks. Out: the part about
issues, and the rest, which the store answers.
Promise: what is about issues stands beside the rest, joined by AND: an error of the store does not
know how its issue fares.

| term | finds issues that |
| --- | --- |
| `is:open`, `is:resolved`, `is:ignored`, `is:muted`, `is:discarded` | are in this state |
| `is:regressed` | are open, and were resolved before |
| `is:assigned`, `is:unassigned` | belong to somebody, to nobody |
| `assigned:me`, `assigned:ann@example.com`, `assigned:none` | belong to them |
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from logster.errors import QueryError
from logster.query.suggest import suggestion
from logster.query.tree import And, Equal, Field, Filter, Not, Or, fields_in
from logster.track.states import STATES, has_ended

if TYPE_CHECKING:
    from logster.track.issue import Sketch

IS = Field("is", is_property=True)
ASSIGNED = Field("assigned", is_property=True)
KINDS = (*STATES, "regressed", "assigned", "unassigned")
NOBODY = "none"


class Term(msgspec.Struct, frozen=True):
    """One condition on issues: any of these words must hold, or none when it is turned round."""

    field: Field
    words: frozenset[str]
    is_turned: bool = False

    def finds(self, issue: Sketch, now: int) -> bool:
        """Whether an issue fulfils it."""
        told = _kinds_of(issue, now) if self.field == IS else {issue.assigned_to or NOBODY}
        return bool(self.words & told) != self.is_turned


class Terms(msgspec.Struct, frozen=True):
    """All that a search says of issues."""

    terms: tuple[Term, ...] = ()

    def find(self, issue: Sketch, now: int) -> bool:
        """Whether an issue fulfils them all; `now` is nanoseconds since 1970."""
        return all(term.finds(issue, now) for term in self.terms)


def split_terms(tree: Filter, me: str | None) -> tuple[Terms, Filter]:
    """What a filter says of issues, and what is left; raises QueryError.

    `me` is the address of who asks, None for a program.
    """
    parts = tree.filters if isinstance(tree, And) else (tree,)
    terms, rest = [], []
    for part in parts:
        if not {IS, ASSIGNED}.intersection(fields_in(part)):
            rest.append(part)
        else:
            terms.append(_term(part, me))
    if not terms:
        return Terms(), tree
    return Terms(tuple(terms)), rest[0] if len(rest) == 1 else And(tuple(rest))


def _term(part: Filter, me: str | None) -> Term:
    is_turned = isinstance(part, Not)
    inner = part.filter if isinstance(part, Not) else part
    values = inner.filters if isinstance(inner, Or) else (inner,)
    equals = [value for value in values if isinstance(value, Equal)]
    fields = {value.field for value in equals}
    if len(equals) < len(values) or len(fields) != 1:
        raise QueryError(
            "`is:` and `assigned:` are about the issue, the rest about its events: they stand "
            "side by side, each with its words: is:open assigned:(me, none) timeout"
        )
    field = fields.pop()
    read = _kind if field == IS else _person
    return Term(field, frozenset(read(str(value.value), me) for value in equals), is_turned)


def _kind(word: str, _: str | None) -> str:
    kind = word.lower()
    if kind not in KINDS:
        raise QueryError(
            f"no issue is {word[:50]!r}.{suggestion(kind, KINDS)} Known: {', '.join(KINDS)}"
        )
    return kind


def _person(word: str, me: str | None) -> str:
    person = word.lower()
    if person != "me":
        return person
    if me is None:
        raise QueryError("a key is nobody: write the address behind `assigned:` instead of `me`")
    return me


def _kinds_of(issue: Sketch, now: int) -> set[str]:
    state = "open" if has_ended(issue.standing, now) else issue.standing.state
    kinds = {state, "assigned" if issue.assigned_to else "unassigned"}
    if state == "open" and issue.regressed_at == issue.standing.state_at:
        kinds.add("regressed")
    return kinds
