"""The key of an error: equal for events that belong to the same issue.

In: `Evidence`, and whose code is whose. Out: a number, and what it was made of.
Promise: pure; linear; a version of the algorithm gives the same key for ever. A new one is a new
number in `ALGORITHMS`; the older ones stay, so that both keys can be looked up for a transition.

    a client's fingerprint          that alone, with {{ default }} for what follows
    an error that is known          a rule of `known`
    own frames of its exceptions    their types and these frames
    frames of libraries alone       the types, five frames, and the shape of what was said
    no frames                       the type and the shape of what was said, or the template

docs/reference/grouping.md tells it with tables, docs/decisions/050-grouping.md why it is so.
"""

from __future__ import annotations

import hashlib
import itertools
import re
from operator import attrgetter
from typing import TYPE_CHECKING

from logster.track.evidence import Dropped, Evidence, Explanation, Part, split_type
from logster.track.known import known_error
from logster.track.names import stable_type
from logster.track.shape import shape_of
from logster.track.stack import Stack

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from logster.track.owncode import OwnCode

VERSION = 1

#: In a client's fingerprint: what Logster would have taken.
_DEFAULT = re.compile(r"\{\{\s*+default\s*+\}\}")
#: A template that is a hole and nothing else says nothing.
_HOLE = re.compile(r"\W*(?:\{[^{}]{0,100}\}|%s|%\([^)]{1,100}\)s|%v|%@)?\W*")
#: More of a text of a fingerprint is not looked at.
MAX_FINGERPRINT_CHARS = 1_000

_KIND = attrgetter("kind")


def fingerprint(evidence: Evidence, own_code: OwnCode | None = None) -> int:
    """The key of an event; never 0, which stands for none."""
    return explain(evidence, own_code).key


def fingerprints(
    evidence: Evidence,
    own_code: OwnCode | None = None,
    versions: Iterable[int] = (VERSION,),
) -> dict[int, int]:
    """Version of the algorithm -> its key; raises KeyError for one there never was."""
    return {version: explain(evidence, own_code, version).key for version in versions}


def explain(
    evidence: Evidence, own_code: OwnCode | None = None, version: int = VERSION
) -> Explanation:
    """The key with its parts, and what was left out of it."""
    application = Part("application", evidence.application)
    if evidence.fingerprint and not any(map(_DEFAULT.fullmatch, evidence.fingerprint)):
        parts = (application, *_literal(evidence.fingerprint))
        return Explanation(_hash("fingerprint", parts), version, parts)
    found, dropped = ALGORITHMS[version](evidence, own_code)
    if evidence.fingerprint:
        found = tuple(
            part
            for text in evidence.fingerprint
            for part in (found if _DEFAULT.fullmatch(text) else _literal((text,)))
        )
    parts = (application, *found)
    return Explanation(_hash(f"v{version}", parts), version, parts, dropped)


def _literal(texts: tuple[str, ...]) -> Iterable[Part]:
    return (Part("fingerprint", text[:MAX_FINGERPRINT_CHARS]) for text in texts)


def _hash(name: str, parts: Iterable[Part]) -> int:
    """The first 63 bits of SHA-256 over the parts, each behind its length: so none runs over.

    The frames of an exception count without their order: how often functions have called each
    other decides which of them is nearest the throw.
    """
    texts = [name]
    for kind, run in itertools.groupby(parts, _KIND):
        told = [part.text for part in run]
        texts.append(kind)
        texts += sorted(told) if kind in ("frame", "library") else told
    written = "".join([f"{len(text)}:{text}" for text in texts])
    digest = hashlib.sha256(written.encode("utf-8", "surrogatepass")).digest()
    # 63 bits: a whole number of PostgreSQL and SQLite, where issues are kept, has a sign.
    return int.from_bytes(digest[:8], "big") >> 1 or 1


def _group(
    evidence: Evidence, own_code: OwnCode | None
) -> tuple[tuple[Part, ...], tuple[Dropped, ...]]:
    """Version 1."""
    chain = evidence.chain
    family = chain.family if chain is not None else evidence.family
    stack = Stack(family, chain, own_code)
    kind, said = _said(evidence, stack)
    if rule := known_error(kind, said):
        return (Part("family", family), Part("rule", rule)), ()
    parts = list(stack.parts())
    if stack.needs_message or not parts:
        parts += _message_parts(evidence, kind, said, is_typed=bool(parts))
    return (Part("family", family), *parts), stack.dropped()


def _said(evidence: Evidence, stack: Stack) -> tuple[str, str]:
    """The type and the message of what went wrong first, else of the text of the exception."""
    kind, said = stack.said()
    if kind or said:
        return kind, said
    return split_type(evidence.exception) if evidence.exception else ("", "")


def _message_parts(evidence: Evidence, kind: str, said: str, *, is_typed: bool) -> Iterable[Part]:
    """The shape of what was said; the type before it, where nothing else has named it."""
    if kind and not is_typed:
        yield Part("type", stable_type(kind))
    if shape := shape_of(said):
        yield Part("said", shape)
    elif evidence.template and not _HOLE.fullmatch(evidence.template):
        yield Part("template", shape_of(evidence.template))
    elif shape := shape_of(evidence.message):
        yield Part("message", shape)


#: The algorithm of each version there ever was.
ALGORITHMS: dict[
    int,
    Callable[[Evidence, OwnCode | None], tuple[tuple[Part, ...], tuple[Dropped, ...]]],
] = {1: _group}
