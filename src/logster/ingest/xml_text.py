"""XML answers as .NET's serializers write them.

In: names and text. Out: markup without declaration or indentation.
Promise: always well-formed: characters that XML cannot hold become U+FFFD in text
and `_xHHHH_` in names.
"""

from __future__ import annotations

import re

INSTANCE_NAMESPACE = "http://www.w3.org/2001/XMLSchema-instance"

_ESCAPES = {ord("&"): "&amp;", ord("<"): "&lt;", ord(">"): "&gt;", ord("\r"): "&#xD;"}
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")

# Letters that every edition of XML allows to begin a name; others are encoded, which
# every reader of such names can undo.
_LETTERS = (
    "A-Za-z\xc0-\xd6\xd8-\xf6\xf8-\u0131\u0134-\u013e\u0141-\u0148\u014a-\u017e"
    "\u0388-\u038a\u038e-\u03a1\u03a3-\u03ce\u0401-\u040c\u040e-\u044f\u0451-\u045c"
    "\u045e-\u0481\u05d0-\u05ea\u0621-\u063a\u3041-\u3094\u30a1-\u30fa\u4e00-\u9fa5"
    "\uac00-\ud7a3"
)
_NAME_PART = re.compile(
    rf"_(?=[xX](?:[0-9A-Fa-f]{{4}}|[0-9A-Fa-f]{{8}})_)|\A[^{_LETTERS}_]|[^{_LETTERS}_0-9.\-]"
)


def render_name(name: str) -> str:
    """A name as .NET's XmlConvert.EncodeLocalName writes it: `a b` is `a_x0020_b`."""
    return _NAME_PART.sub(lambda found: _encoded(found[0]), name)


def _encoded(char: str) -> str:
    code = ord(char)
    return f"_x{code:04X}_" if code <= 0xFFFF else f"_x{code:08X}_"  # noqa: PLR2004


def render_text(text: str) -> str:
    """Text between tags."""
    return _NOT_XML.sub("\ufffd", text).translate(_ESCAPES)


def render_element(name: str, content: str, attributes: str = "") -> str:
    """An element around markup; `name` is encoded, `content` and `attributes` are not."""
    tag = render_name(name)
    return f"<{tag}{attributes}>{content}</{tag}>"
