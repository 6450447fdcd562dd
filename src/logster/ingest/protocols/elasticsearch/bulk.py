"""The lines of `_bulk`: in turn what to do and the document to do it with.

In: plain bytes; the index that the address names. Out: a `Reading`.
Promise: what cannot be done costs its own item only. A document may be created or indexed; to
change or delete one is refused, for an event is never changed.
"""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Any

import msgspec

from logster.errors import InvalidBodyError
from logster.event import Rejection
from logster.ingest.columns import build_reading, too_many_events
from logster.ingest.parts import Parts, fills_part
from logster.ingest.protocol import oversize_text
from logster.ingest.protocols.elasticsearch.document import read_documents

if TYPE_CHECKING:
    from collections.abc import Iterator

    from logster.ingest.protocol import Limits, Reading
    from logster.ingest.protocols.elasticsearch.document import Members

_WRITES = frozenset({"create", "index"})
_REFUSED = "An event is never changed: send create or index, not {}."
_NO_ACTION = 'Here must stand what to do, such as {{"create":{{}}}}; there is {}.'
_NO_DOCUMENT = "The document is missing."


class _Target(msgspec.Struct):
    """What an action says of its document."""

    index: str | None = msgspec.field(name="_index", default=None)
    id: Any = msgspec.field(name="_id", default=None)


class _Targets(msgspec.Struct):
    """An action line; what stands beside the action, as winston's `attempts`, means nothing."""

    create: _Target | None = None
    index: _Target | None = None
    update: _Target | None = None
    delete: _Target | None = None


class _Action(msgspec.Struct, frozen=True):
    """What is to be done: `note` is how the answer begins; index and id are JSON.

    An id means a document of its index alone, so `identity` has both.
    """

    name: str
    note: str
    index: msgspec.Raw | None = None
    id: msgspec.Raw | None = None
    identity: str | None = None


_decode_targets = msgspec.json.Decoder(_Targets).decode
_decode_members = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_encode = msgspec.json.Encoder().encode
_NAMES = _Targets.__struct_fields__


def read_bulk(body: bytes, index: str | None, limits: Limits) -> Reading:
    """The events of a body.

    Raises InvalidBodyError when it has no item, BodyTooLargeError when it has too many.
    """
    body = body.removesuffix(b"\n")
    return _read_alike(body, index, limits) or _read_each(body, index, limits)


def _read_alike(body: bytes, index: str | None, limits: Limits) -> Reading | None:
    """The events of a body in which every action is the same and every document good.

    Those are nearly all bodies, and take two thirds of the time so; None for any other.
    """
    count, rest = divmod(body.count(b"\n") + 1, 2)
    if rest or count > limits.max_events:  # then not even the list of the lines is made
        return None
    lines = body.split(b"\n")
    if lines[::2].count(lines[0]) < count:
        return None
    action, sources = _read_action(lines[0], index), lines[1::2]
    if isinstance(action, str) or action.name not in _WRITES or action.id is not None:
        return None
    if max(map(len, sources)) > limits.max_message_bytes:
        return None
    places = list(range(2, 2 * count + 1, 2))
    parts = Parts()
    for start, end in _bounds_of(sources):
        part = _read_part(sources[start:end], places[start:end], action.index)
        if part is None:
            return None
        parts.add(part, places[start:end])
    return _with_notes(parts.joined(), places, [action.note] * count)


def _bounds_of(sources: list[bytes]) -> Iterator[tuple[int, int]]:
    """Where the parts of documents begin and end."""
    start = size = 0
    for end, length in enumerate(map(len, sources)):
        size += length
        if fills_part(size) and end > start:
            yield start, end
            start, size = end, length
    yield start, len(sources)


def _read_part(
    sources: list[bytes], places: list[int], index: msgspec.Raw | None
) -> Reading | None:
    try:
        documents = list(map(_decode_members, sources))
    except (ValueError, RecursionError):
        return None
    if index is not None:
        for members in documents:
            members.setdefault("_index", index)
    return build_reading(read_documents(documents, sources), places, [])


def _with_notes(reading: Reading, lines: list[int], notes: list[str]) -> Reading:
    """A reading that says its lines in any case, and what the answer has to know."""
    if reading.lines is None:
        reading.lines = lines
    reading.notes = notes
    return reading


def _read_each(body: bytes, index: str | None, limits: Limits) -> Reading:
    items = _Items(limits)
    for line, action, document in _read_items(body, index):
        items.add(line, action, document)
    if not items.notes:
        raise InvalidBodyError({"body": ["request body is required"]}, "empty")
    return items.reading()


def _read_items(body: bytes, index: str | None) -> Iterator[tuple[int, _Action | str, bytes]]:
    """The line, the action (or why it is none) and the document of each item."""
    lines = enumerate((line.removesuffix(b"\n") for line in BytesIO(body)), 1)
    last: tuple[bytes, _Action | str] = b"", ""
    held: tuple[int, bytes] | None = None
    while True:
        number, line = held or next(lines, (0, b""))
        held = None
        if not number:
            return
        if not line or line.isspace():
            continue
        if line != last[0]:
            last = line, _read_action(line, index)
        action = last[1]
        if isinstance(action, _Action) and action.name == "delete":
            yield number, action, b""
            continue
        following, document = next(lines, (number, b""))
        if isinstance(action, str) and isinstance(_read_action(document, index), _Action):
            held = following, document  # what was no action has no document
        yield number if isinstance(action, str) else following, action, document


def _read_action(line: bytes, index: str | None) -> _Action | str:
    no_action = _NO_ACTION.format(line[:50].decode("utf-8", "replace"))
    try:
        targets = _decode_targets(line)
    except (ValueError, RecursionError):
        return no_action
    name = next((name for name in _NAMES if getattr(targets, name) is not None), None)
    if name is None:
        return no_action
    target: _Target = getattr(targets, name)
    index = target.index or index
    named = _encode(index)
    note = f'{{"{name}":{{"_index":{named.decode()},"_id":"'
    kept = None if index is None else msgspec.Raw(named)
    if target.id is None or target.id == "" or isinstance(target.id, (dict, list)):
        return _Action(name, note, kept)
    told = _encode(target.id if isinstance(target.id, str) else _encode(target.id).decode())
    text = told.decode()[1:-1]
    own = target.id if isinstance(target.id, str) else text
    return _Action(name, note + text, kept, msgspec.Raw(told), f"{index or ''}/{own}")


class _Items:
    """The items of a body, while it is read."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._parts = Parts()
        #: The lines of the documents that are kept, of all parts.
        self._kept: list[int] = []
        self.notes: list[str] = []
        self._begin()

    def _begin(self) -> None:
        """Begin a part of the body."""
        self._held_bytes = 0
        self._lines: list[int] = []
        self._documents: list[Members] = []
        self._sources: list[bytes] = []
        self._identities: list[str | None] = []
        self._rejections: list[Rejection] = []

    def add(self, line: int, action: _Action | str, document: bytes) -> None:
        """Take an item; raises BodyTooLargeError."""
        if len(self.notes) >= self._limits.max_events:
            raise too_many_events(self._limits.max_events)
        if isinstance(action, str):
            self.notes.append('{"index":{"_index":null,"_id":"')
            self._reject(line, "syntax", action)
            return
        self.notes.append(action.note)
        if action.name not in _WRITES:
            self._reject(line, "action", _REFUSED.format(action.name))
        elif len(document) > self._limits.max_message_bytes:
            self._reject(line, "too_large", oversize_text(self._limits.max_message_bytes))
        else:
            self._add_document(line, action, document)

    def _add_document(self, line: int, action: _Action, document: bytes) -> None:
        try:
            members = _decode_members(document)
        except (ValueError, RecursionError) as error:
            told = f"The document cannot be read: {error}." if document.strip() else _NO_DOCUMENT
            self._reject(line, "syntax", told)
            return
        if action.index is not None:
            members.setdefault("_index", action.index)
        if action.id is not None:
            members.setdefault("_id", action.id)
        self._kept.append(line)
        self._lines.append(line)
        self._held_bytes += len(document)
        self._documents.append(members)
        self._sources.append(document)
        self._identities.append(action.identity)
        if fills_part(self._held_bytes):
            self._end_part()

    def _reject(self, line: int, reason: str, sentence: str) -> None:
        faults = {"message": [sentence]}
        self._rejections.append(Rejection(line=line, reason=reason, faults=faults))

    def reading(self) -> Reading:
        """What came of all of them."""
        self._end_part()
        return _with_notes(self._parts.joined(), self._kept, self.notes)

    def _end_part(self) -> None:
        columns = read_documents(self._documents, self._sources)
        identities = self._identities if any(self._identities) else None
        reading = build_reading(columns, self._lines, self._rejections, identities)
        self._parts.add(reading, self._lines)
        self._begin()
