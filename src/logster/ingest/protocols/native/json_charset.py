"""The letters of JSON: UTF-8, or what a mark at the beginning or the Content-Type says.

In: bytes and the charset that was declared. Out: text, or UTF-8; or the refusal of what is neither.
"""

from __future__ import annotations

from logster.ingest.protocols.native.message import Faults, one_fault

_BOMS = (
    (b"\xef\xbb\xbf", "utf-8"),
    # Before UTF-16, whose mark is the beginning of this one.
    (b"\xff\xfe\x00\x00", "utf-32-le"),
    (b"\x00\x00\xfe\xff", "utf-32-be"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
)
BOM_BYTES = tuple(bom for bom, _ in _BOMS)


def as_utf8(body: bytes, charset: str) -> bytes:
    """A batch in UTF-8 without mark; bytes that are no letters stay for the line they are on."""
    if charset == "utf-8" and not body.startswith(BOM_BYTES):
        return body
    if body.startswith(_BOMS[0][0]):
        return body[len(_BOMS[0][0]) :]
    # Half a character is the fault of its own item, too.
    return decode_text(body, charset, "surrogatepass").encode("utf-8", "surrogatepass")


def decode_text(body: bytes, charset: str, errors: str = "strict") -> str:
    """The text of a body without its mark; InvalidBodyError when they are no letters."""
    if body.startswith(BOM_BYTES):
        bom, charset = next(known for known in _BOMS if body.startswith(known[0]))
        body = body[len(bom) :]
    try:
        return body.decode("utf-16-le" if charset == "utf-16" else charset, errors)
    except UnicodeDecodeError as error:
        raise _encoding_faults(error).refusal() from None


def _encoding_faults(error: UnicodeDecodeError) -> Faults:
    name = error.encoding.upper()
    text = f"The body is not valid {name}: {error.reason} at byte {error.start + 1}."
    return one_fault("message", text, "encoding")
