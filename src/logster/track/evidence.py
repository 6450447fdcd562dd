"""What an event says of an error, and what its key is made of.

In: the fields of an event. Out: `Evidence`, which `fingerprint` makes a key of; `Explanation`,
which people read.
"""

from __future__ import annotations

import re

import msgspec

from logster.track.chain import Chain


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """What an event says; the more it says, the less of its message counts.

    `family` is that of its language where nothing but the dialect tells it; a chain has its own.
    `exception` is the text of what was raised, where there is no chain. `fingerprint` is what the
    client has said itself.
    """

    application: str = ""
    family: str = ""
    chain: Chain | None = None
    exception: str = ""
    message: str = ""
    template: str = ""
    fingerprint: tuple[str, ...] = ()


class Part(msgspec.Struct, frozen=True, gc=False):
    """One of the things that a key is made of.

    `kind` is one of application, family, type, frame (own), library (a frame of one), said (by the
    exception), message (of the event), template, fingerprint, rule, group (of exceptions).
    """

    kind: str
    text: str


class Dropped(msgspec.Struct, frozen=True, gc=False):
    """Frames or exceptions that are not in a key: why, how many, and the first of them."""

    why: str
    count: int
    first: str


class Explanation(msgspec.Struct, frozen=True):
    """A key, the version of the algorithm that made it, and why it is this one."""

    key: int
    version: int
    parts: tuple[Part, ...]
    dropped: tuple[Dropped, ...] = ()

    @property
    def summary(self) -> str:
        """In a few words: `PaymentError` + 3 own frames."""
        told = [f"`{part.text}`" for part in self.parts if part.kind in ("type", "fingerprint")]
        told += [_KINDS[part.kind] for part in self.parts if part.kind in _KINDS]
        frames = [part.kind for part in self.parts if part.kind in ("frame", "library")]
        if frames:
            whose = "own" if frames[0] == "frame" else "library"
            told.append(f"{len(frames)} {whose} frame{'s' if len(frames) > 1 else ''}")
        return " + ".join(dict.fromkeys(told))


_KINDS = {
    "said": "its message",
    "message": "its message",
    "template": "its template",
    "rule": "a rule of Logster's",
}

#: `System.IO.IOException: gone`, `KeyError: 7`, `Uncaught TypeError: x`; a name has no blanks.
_TYPED = re.compile(
    r"(?:Uncaught |Unhandled exception[.:] |\(in promise\) ){0,2}"
    r"([A-Za-z_$][\w$]{0,100}+(?:(?:\.|::|\\|\+)[\w$`]{1,100}+){0,20}+)(?:\s*\([0-9xA-Fa-f]{1,12}\))?"
    r"(?::\s|:?$|:?\n)"
)
_TYPE_LIKE = re.compile(
    r".*(?:Exception|Error|Errors?|Warning|Fault|Failure|Throwable|Interrupt|Exit|Timeout|Violation)"
    r"|.*[.\\+]\w*|.*::\w*|[A-Z][a-z]+[A-Z]\w*"
)


def split_type(text: str) -> tuple[str, str]:
    """The type and the message of `Type: message`; no type where the text names none."""
    found = _TYPED.match(text)
    if found is None or not _TYPE_LIKE.fullmatch(found[1]):
        return "", text
    return found[1], text[found.end() :].strip()
