"""Native messages in JSON: one object, an array of them, or one on each line.

In: plain bytes. Out: `Columns` and `Rejection`s.
Promise: two readers, one meaning. The fast one decodes into `NativeMessage` and
looks at whole columns; whatever it cannot prove good goes to the exact one (`json_exact`), which
knows every rule and explains every mistake. A property test holds the two together.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec

from logster.errors import InvalidBodyError
from logster.ingest import json_marks, json_text
from logster.ingest.json_items import check_items, too_many
from logster.ingest.protocol import Reading, oversize_text
from logster.ingest.protocols.native.json_charset import BOM_BYTES, as_utf8, decode_text
from logster.ingest.protocols.native.json_exact import read_exactly, syntax_faults
from logster.ingest.protocols.native.message import (
    MAX_FAULTS,
    Faults,
    NativeMessage,
    columns_of,
    columns_of_one,
    is_blank,
    is_instant,
    one_fault,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from logster.event import Columns, Rejection
    from logster.ingest.protocol import Limits

_message_decoder = msgspec.json.Decoder(NativeMessage)
_messages_decoder = msgspec.json.Decoder(list[NativeMessage])
_items_decoder = msgspec.json.Decoder(list[msgspec.Raw])
_raw_decoder = msgspec.json.Decoder(msgspec.Raw)

#: Fewer bytes cannot nest deeper than `json_text.MAX_DEPTH`, each level has two brackets.
_SHALLOW_BYTES = 2 * json_text.MAX_DEPTH

#: The shortest one, `{"Message":""}`: in a body of fewer there is nothing to count.
_MIN_MESSAGE_BYTES = 14

#: Bad lines of a batch are explained at length until so much is said, and briefly from there on.
MAX_TOLD_FAULTS = 10_000
#: Where a mistake is, is looked for in so many bytes of bad items; of others the fast decoder's
#: word is told. A second for each four MB, when the bytes are chosen to hurt.
MAX_EXPLAINED_BYTES = 4 * 1024 * 1024
TOO_DEEP = f"it is nested deeper than {json_text.MAX_DEPTH} levels"

_BLANK_BYTES = json_text.BLANKS.encode()
_ARRAY_START = re.compile(rb"[ \t\n\r]*+\[")


def read_one(body: bytes, charset: str) -> Reading:
    """The one message of a body."""
    if charset == "utf-8":
        columns = _read_one_fast(body)
        if columns is not None:
            return Reading(columns=columns)
    read = read_exactly(body, charset)
    if isinstance(read, Faults):
        return Reading(columns=columns_of([]), rejections=[read.rejection(1)])
    return Reading(columns=columns_of_one(read))


def read_many(body: bytes, charset: str, limits: Limits) -> Reading:
    """The messages of an array or of lines.

    Raises InvalidBodyError when they cannot be told, BodyTooLargeError when they are too many.
    """
    body = as_utf8(body, charset)
    return (_read_array if _ARRAY_START.match(body) else _read_lines)(body, limits)


def _read_lines(body: bytes, limits: Limits) -> Reading:
    lines = _split(body, limits.max_events)
    columns = _read_many_fast(body, lambda: _decode_lines(lines))
    if columns is not None:
        return Reading(columns=columns)
    return _read_each(_lines(lines), limits.max_message_bytes)


def _read_array(body: bytes, limits: Limits) -> Reading:
    may_be_many = len(body) > _MIN_MESSAGE_BYTES * limits.max_events
    if may_be_many:
        check_items(body, limits.max_events)
    columns = _read_many_fast(body, lambda: _messages_decoder.decode(body))
    if columns is not None:
        return Reading(columns=columns)
    if not may_be_many:  # of messages; numbers are shorter
        check_items(body, limits.max_events)
    return _read_each(_items(body, limits.max_message_bytes), limits.max_message_bytes)


def count_separators(body: bytes, charset: str, *, is_batch: bool) -> int:
    """About how many lines of a batch, items or members there are."""
    if charset != "utf-8" or body.startswith(BOM_BYTES):
        return len(body)  # rare, and not worth a second look
    is_lines = is_batch and not _ARRAY_START.match(body)
    return body.count(b"\n" if is_lines else b",")


# --- how many ---------------------------------------------------------------------------


def _split(body: bytes, max_events: int) -> list[bytes]:
    """The lines of a body, blank ones too; no more of them are made than may be kept."""
    lines = body.split(b"\n", max_events + 1)
    if len(lines) - (not lines[-1]) > max_events:
        count = body.count(b"\n") + (not body.endswith(b"\n"))
        raise too_many(f"{count} lines", max_events)
    return lines


# --- fast -----------------------------------------------------------------------------


def _read_one_fast(body: bytes) -> Columns | None:
    message = _read_fast(body)
    try:
        return None if message is None else columns_of_one(message)
    except ValueError:  # the Timestamp is none
        return None


def _read_fast(body: bytes) -> NativeMessage | None:
    """The message but for its Timestamp, or None when only the exact reader can tell."""
    try:
        message = _message_decoder.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    if not message.message.strip() and is_blank(message.message):
        return None
    if message.properties and not _is_plain_object(bytes(message.properties)):
        return None
    return message


def _read_many_fast(body: bytes, decode: Callable[[], list[NativeMessage]]) -> Columns | None:
    """All messages, or None when one of them may be bad."""
    try:
        messages = decode()
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    try:
        columns = columns_of(messages)
    except ValueError:
        return None
    texts = columns.message
    if not all(map(str.strip, texts)) and any(map(is_blank, texts)):
        return None
    if columns.properties and not _are_plain_objects(columns.properties, body):
        return None
    return columns


def _decode_lines(lines: list[bytes]) -> list[NativeMessage]:
    """One message of each line; a blank one of more than a letter is left to the exact reader.

    The decoder of whole bodies is slower, and takes two messages on a line, or one on two.
    """
    decode = _message_decoder.decode
    return [decode(line) for line in lines if len(line) > 1 or _strip(line)]


def _are_plain_objects(raws: Sequence[bytes | None], body: bytes) -> bool:
    """Whether every text is what `_is_plain_object` asks for; the body's letters speak for all."""
    return (
        _is_utf8(body)
        and {raw[:1] for raw in raws if raw} <= {b"{"}
        and all(len(raw) <= _SHALLOW_BYTES - 2 or _is_plain_object(raw) for raw in raws if raw)
    )


def _is_utf8(text: bytes) -> bool:
    if text.isascii():
        return True
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True


def _is_plain_object(raw: bytes) -> bool:
    """Whether valid JSON text is an object (or null), within the depth, in UTF-8.

    The decoder leaves text that it skips unread: its letters may be no UTF-8.
    """
    if (raw[:1] != b"{" and raw != b"null") or not _is_utf8(raw):
        return False
    # The root of the message is one level more than this text can see.
    return len(raw) <= _SHALLOW_BYTES - 2 or not json_text.exceeds_depth(b"[" + raw + b"]")


def _strip(line: bytes) -> bytes:
    return line.strip(_BLANK_BYTES)


# --- exact ----------------------------------------------------------------------------


def _read_each(items: Iterable[tuple[int, bytes]], max_message_bytes: int) -> Reading:
    messages: list[NativeMessage] = []
    lines: list[int] = []
    rejections: list[Rejection] = []
    told, explained = 0, 0
    for line, item in items:
        max_faults = MAX_FAULTS if told < MAX_TOLD_FAULTS else 1
        read = _read_item_fast(item) or _read_brief(item, max_message_bytes, explained)
        read = read or read_exactly(item, "utf-8", max_faults)
        if isinstance(read, Faults):
            rejections.append(read.rejection(line))
            told += len(read)
            explained += len(item)
        else:
            messages.append(read)
            lines.append(line)
    return Reading(
        columns=columns_of(messages), rejections=rejections, lines=lines if rejections else None
    )


def _read_item_fast(item: bytes) -> NativeMessage | None:
    message = _read_fast(item)
    if message is None or message.timestamp is None or is_instant(message.timestamp):
        return message
    return None


def _read_brief(item: bytes, max_bytes: int, explained: int) -> Faults | None:
    """What the exact reader would refuse, and need too much of this batch's time for."""
    if len(item) > max_bytes:  # not even looked at: that takes 30 times its memory
        return one_fault("message", oversize_text(max_bytes), "too_large")
    if explained + len(item) <= MAX_EXPLAINED_BYTES:
        return None
    try:
        _raw_decoder.decode(item)
    except msgspec.DecodeError as error:
        return one_fault("message", f"The body is not valid JSON: {error}.", "syntax")
    except RecursionError:
        return one_fault("message", f"The body is not valid JSON: {TOO_DEEP}.", "depth")
    return None


def _lines(lines: list[bytes]) -> Iterator[tuple[int, bytes]]:
    for number, line in enumerate(lines, 1):
        if _strip(line):
            yield number, line


def _items(body: bytes, max_explained_bytes: int) -> Iterator[tuple[int, bytes]]:
    items: Iterable[bytes] | None
    try:
        items = map(bytes, _items_decoder.decode(body))
    except (msgspec.MsgspecError, RecursionError) as error:
        items = json_marks.split_items(body)
        if items is None:
            # Where one item ends and the next begins is lost: the request is refused whole.
            raise _explain_whole(body, str(error), max_explained_bytes).refusal() from None
    yield from enumerate(items, 1)


def _explain_whole(body: bytes, told: str, max_explained_bytes: int) -> Faults:
    if len(body) > max_explained_bytes:  # as above
        return one_fault("message", f"The body is not valid JSON: {told}.", "syntax")
    try:
        return syntax_faults(json_text.explain(decode_text(body, "utf-8")))
    except InvalidBodyError as error:
        return one_fault("message", next(iter(error.faults.values()))[0], error.reason)
