"""The native message: its members, their rules, and many of them as columns.

In: the members a JSON, XML or form reader found. Out: `NativeMessage`s as
`Columns`, or `Faults` in the words of the original API.
Promise: a message that the fast JSON decoder accepts and one that an exact reader
builds obey the same rules, and nothing a client sends is lost.
"""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from logster.errors import InvalidBodyError
from logster.event import Columns, Rejection
from logster.fields.instant import read_instant, read_instants
from logster.fields.severity import SEVERITY_NAMES
from logster.ingest import json_text
from logster.query.suggest import nearest

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

MESSAGE_REQUIRED = "The Message field is required."
SEVERITY_RANGE = "The field Severity must be between 0 and 6."
MAX_SEVERITY = 6

#: What .NET's String.Trim takes away. str.strip() also takes U+001C to U+001F.
NET_BLANKS = (
    "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007"
    "\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
)

#: As .NET's Int32.Parse: blanks around, a sign, ASCII digits, trailing NULs.
_NET_INTEGER = re.compile(r"[\t-\r ]*+([+-]?)([0-9]++)[\t-\r ]*+\0*+")
_INT32_DIGITS = 10

#: About half a line of a client's value is told back.
_MAX_SHOWN = 40
#: Names that are compared with Message, and their letters: each takes 10 µs.
_MAX_COMPARED = 20
_MAX_NAME = 30

#: So much advice on one message is enough for anyone; the rest of it is not read.
MAX_FAULTS = 20


class NativeMessage(msgspec.Struct, rename="pascal", forbid_unknown_fields=True, gc=False):
    """One message with the members' exact names; anything else is left to an exact reader."""

    message: str
    severity: Literal[0, 1, 2, 3, 4, 5, 6] = 0
    application: str | None = None
    category: str | None = None
    user: str | None = None
    exception: str | None = None
    stack_trace: str | None = None
    timestamp: str | int | float | None = None
    host: str | None = None
    environment: str | None = None
    release: str | None = None
    trace_id: str | None = None
    span_id: str | None = None
    template: str | None = None
    fingerprint: str | list[str] | None = None
    properties: msgspec.Raw = msgspec.Raw()


#: A member's name in lower case -> our field.
MEMBERS = {info.encode_name.lower(): info.name for info in msgspec.structs.fields(NativeMessage)}
#: Our field -> the member's name.
MEMBER_NAMES = {info.name: info.encode_name for info in msgspec.structs.fields(NativeMessage)}
#: The optional members that hold text.
TEXT_MEMBERS = tuple(
    name
    for name in NativeMessage.__struct_fields__
    if name not in ("message", "severity", "timestamp", "fingerprint", "properties")
)


class Faults:
    """What is wrong with one message: sentences by place, and the first one's metric label.

    Places are told apart without case and keep their first spelling, as in the original.
    """

    __slots__ = ("_count", "_most", "reason", "texts")

    def __init__(self, most: int = MAX_FAULTS) -> None:
        """`most` is how many are enough."""
        self.texts: dict[str, list[str]] = {}
        self.reason = ""
        self._most = most
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def add(self, key: str, text: str, reason: str) -> None:
        """Note one more fault."""
        self.reason = self.reason or reason
        spelt = next((known for known in self.texts if known.lower() == key.lower()), key)
        self.texts.setdefault(spelt, []).append(text)
        self._count += 1

    @property
    def is_full(self) -> bool:
        """Whether there are as many as anyone will read."""
        return self._count >= self._most

    def has(self, key: str) -> bool:
        """Whether something is wrong at this place."""
        return any(known.lower() == key.lower() for known in self.texts)

    def rejection(self, line: int) -> Rejection:
        """These faults as the outcome of the message at `line`."""
        return Rejection(line=line, reason=self.reason, faults=self.texts)

    def refusal(self) -> InvalidBodyError:
        """These faults as the refusal of a body of which nothing can be read."""
        return InvalidBodyError(self.texts, self.reason)


def one_fault(key: str, text: str, reason: str) -> Faults:
    """Faults with a single entry."""
    faults = Faults()
    faults.add(key, text, reason)
    return faults


def is_blank(text: str) -> bool:
    """Whether nothing is left after .NET's Trim."""
    return not text.strip() and not text.strip(NET_BLANKS)


def read_severity(text: str) -> int | None:
    """A severity as text: an integer (perhaps out of range) or a name; None when it is neither."""
    number = read_integer(text)
    return SEVERITY_NAMES.get(text.strip(NET_BLANKS).lower()) if number is None else number


def read_integer(text: str) -> int | None:
    """An integer as .NET reads one; more digits than an Int32 has give a number just as large."""
    found = _NET_INTEGER.fullmatch(text)
    if found is None:
        return None
    # Python refuses to turn thousands of digits into an int; eleven are too many already.
    digits = found[2].lstrip("0")[: _INT32_DIGITS + 1] or "0"
    return -int(digits) if found[1] == "-" else int(digits)


def severity_fault(shown: str) -> str:
    """The advice for a severity that is none."""
    return (
        f"Severity is {shown}; send a whole number from 0 to 6, or one of "
        "Trace, Debug, Info, Warn, Error, Fatal, Off."
    )


def shown(text: str) -> str:
    """A client's value, short enough to be told back."""
    return repr(text) if len(text) <= _MAX_SHOWN else repr(text[:_MAX_SHOWN]) + "…"


def cut(text: str) -> str:
    """The same for what has its quotes, or needs none."""
    return text if len(text) <= _MAX_SHOWN + 2 else text[: _MAX_SHOWN + 2] + "…"


def check_rules(fields: dict[str, Any], faults: Faults, unknown: Iterable[str] = ()) -> None:
    """The original's two validators, in its order; a place already at fault is left alone.

    When there is no Message, one of the `unknown` names may be meant.
    """
    message = fields.get("message")
    if not faults.has("message.Message") and (message is None or is_blank(message)):
        faults.add("message.Message", MESSAGE_REQUIRED, "missing_message")
        if message is None and (name := _find_mistyped(unknown)):
            told = f"There is no member {shown(name)}; did you mean Message?"
            faults.add(f"message.{name}", told, "missing_message")
    if not faults.has("message.Severity") and not 0 <= fields.get("severity", 0) <= MAX_SEVERITY:
        faults.add("message.Severity", SEVERITY_RANGE, "severity")


def _find_mistyped(names: Iterable[str]) -> str | None:
    """A name that is like Message, and not only for its blanks: the original's words are exact."""
    for name in itertools.islice(names, _MAX_COMPARED):
        is_plain = name.isascii() and name.replace("_", "").isalnum() and len(name) <= _MAX_NAME
        if is_plain and name.lower() not in MEMBERS and nearest(name, ("Message",)):
            return name
    return None


def is_instant(value: str | float) -> bool:
    """Whether a Timestamp can be read."""
    try:
        read_instant(value)
    except ValueError:
        return False
    return True


def merge_properties(explicit: str | None, unknown: dict[str, str]) -> bytes:
    """One JSON object of `Properties` and the unknown members; the explicit ones win."""
    if not unknown:
        return (explicit or "{}").encode()
    own = json_text.read_members(explicit) if explicit else []
    taken = {member.name for member in own}
    pairs = [(name, raw) for name, raw in unknown.items() if name not in taken]
    pairs += [(member.name, member.raw) for member in own]
    text = ",".join(f"{json_text.quote(name)}:{raw}" for name, raw in pairs)
    return f"{{{text}}}".encode()


def columns_of_one(message: NativeMessage) -> Columns:
    """The columns of a single message that is known to be good; the hottest lines of the reader."""
    timestamp, properties = message.timestamp, _properties(message.properties)
    details = details_of(message.fingerprint)
    return Columns(
        message=[message.message],
        severity=[message.severity],
        timestamp=None if timestamp is None else [read_instant(timestamp)],
        application=None if message.application is None else [message.application],
        category=None if message.category is None else [message.category],
        user=None if message.user is None else [message.user],
        exception=None if message.exception is None else [message.exception],
        stack_trace=None if message.stack_trace is None else [message.stack_trace],
        host=None if message.host is None else [message.host],
        environment=None if message.environment is None else [message.environment],
        release=None if message.release is None else [message.release],
        trace_id=None if message.trace_id is None else [message.trace_id],
        span_id=None if message.span_id is None else [message.span_id],
        template=None if message.template is None else [message.template],
        details=None if details is None else [details],
        properties=None if properties is None else [properties],
    )


def columns_of(messages: Sequence[NativeMessage]) -> Columns:
    """The columns of messages that are known to be good."""
    timestamps = _column([message.timestamp for message in messages])
    return Columns(
        message=[message.message for message in messages],
        severity=[message.severity for message in messages],
        timestamp=None if timestamps is None else read_instants(timestamps),
        application=_column([message.application for message in messages]),
        category=_column([message.category for message in messages]),
        user=_column([message.user for message in messages]),
        exception=_column([message.exception for message in messages]),
        stack_trace=_column([message.stack_trace for message in messages]),
        host=_column([message.host for message in messages]),
        environment=_column([message.environment for message in messages]),
        release=_column([message.release for message in messages]),
        trace_id=_column([message.trace_id for message in messages]),
        span_id=_column([message.span_id for message in messages]),
        template=_column([message.template for message in messages]),
        details=_column([details_of(message.fingerprint) for message in messages]),
        properties=_column([_properties(message.properties) for message in messages]),
    )


def details_of(fingerprint: str | list[str] | None) -> bytes | None:
    """A fingerprint as it is kept: among the details, always a list; None when it says nothing."""
    texts = [fingerprint] if isinstance(fingerprint, str) else fingerprint
    if not texts or not any(texts):
        return None
    return msgspec.json.encode({"fingerprint": texts})


def _column(values: list[Any]) -> list[Any] | None:
    """None when there is nothing in it; most columns show with their first value that there is."""
    is_absent = not values or (values[0] is None and values.count(None) == len(values))
    return None if is_absent else values


def _properties(raw: msgspec.Raw) -> bytes | None:
    text = bytes(raw)
    return None if text in _NO_PROPERTIES else text


_NO_PROPERTIES = (b"", b"{}", b"null")
