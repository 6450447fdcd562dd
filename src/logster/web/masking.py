"""What is hidden of a body before a person sees it: secrets, and what tells who somebody is.

In: a body as it was sent, or a sentence that quotes one. Out: text that can be shown.
Promise: what is hidden here stays on the server's disk as it came. It is a help against the glance
over a shoulder and the screenshot, no proof that nothing private is left (docs/decisions/045).
"""

import re

HIDDEN = "…"

#: Most that is looked at for the end of a value: the rest would be a page of its own.
_LONG = 4_000

#: In names of members, parameters and headers whose values nobody is shown. What may stand before
#: them is not looked at: from every letter on, that would take the square of the time.
_NAMES = (
    r"(?:passw(?:or)?d|pwd|passphrase|secret|token|api[_-]?key|access[_-]?key|private[_-]?key"
    r"|credential|authorization|cookie|session|signature|sentry_key"
    r"|(?<![a-z])(?:dsn|iban|cvv|cvc|ssn))[\w-]{0,40}"
)
_TEXT = rf'(?:[^"\\]|\\.){{0,{_LONG}}}'
_BARE = r"""[^\s,;&"'}\]\\]{1,1000}"""
_IN_JSON = re.compile(rf'({_NAMES}"\s{{0,8}}:\s{{0,8}})("{_TEXT}"?|{_BARE})', re.IGNORECASE)
#: The same inside of a text that is in JSON itself.
_IN_ESCAPED = re.compile(
    rf'({_NAMES}\\"\s{{0,8}}:\s{{0,8}})(\\"(?:[^"\\]|\\[^"]){{0,{_LONG}}}(?:\\")?|{_BARE})',
    re.IGNORECASE,
)
_IN_PAIRS = re.compile(
    rf"""({_NAMES}\s{{0,8}}[=:][ \t]{{0,8}})("{_TEXT}"?|'[^']{{0,{_LONG}}}'?|{_BARE})""",
    re.IGNORECASE,
)
_IN_XML = re.compile(
    rf"(<[\w.:-]{{0,30}}{_NAMES}(?:\s[^>]{{0,200}})?>)([^<]{{1,{_LONG}}})", re.IGNORECASE
)
_SCHEMES = re.compile(
    r"\b((?:Bearer|Basic|ApiKey|Sentry|Digest)\s{1,4})[\w~+/.=:-]{8,2000}", re.IGNORECASE
)
_IN_ADDRESS = re.compile(r"(://)[^\s/@\"']{1,200}@")
_TOKENS = re.compile(
    r"\beyJ[\w-]{8,2000}\.[\w-]{1,2000}\.?[\w-]{0,2000}"  # JSON web tokens
    r"|\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"  # Amazon
    r"|\bgh[pousr]_\w{20,}|\bglpat-[\w-]{15,}|\bxox[abprs]-[\w-]{10,}|\bsk-[\w-]{20,}"
    r"|\blgs_\w{8,}"
)
_PEM = re.compile(r"(-----BEGIN [A-Z ]{0,20}PRIVATE KEY-----).*?(-----END|\Z)", re.DOTALL)
_MAIL = re.compile(r"\b[\w.+%-]{1,64}@((?:[a-z0-9-]{1,63}\.){1,5}[a-z]{2,24})\b", re.IGNORECASE)
_CARD = re.compile(r"(?<!\d)(?<!\d\.)(?:\d[ -]?){12,18}\d(?!\.?\d)")
_CARD_DIGITS = range(13, 20)


def mask(text: str) -> str:
    """The text without what nobody needs to see."""
    text = _PEM.sub(rf"\1{HIDDEN}\2", text)
    text = _SCHEMES.sub(rf"\1{HIDDEN}", text)
    text = _IN_JSON.sub(rf'\1"{HIDDEN}"', text)
    text = _IN_ESCAPED.sub(rf'\1\\"{HIDDEN}\\"', text)
    text = _IN_XML.sub(rf"\1{HIDDEN}", text)
    text = _IN_PAIRS.sub(rf"\1{HIDDEN}", text)
    text = _IN_ADDRESS.sub(rf"\1{HIDDEN}@", text)
    text = _TOKENS.sub(HIDDEN, text)
    text = _MAIL.sub(rf"{HIDDEN}@\1", text)
    return _CARD.sub(_hide_card, text)


def _hide_card(found: re.Match[str]) -> str:
    digits = re.sub(r"\D", "", found[0])
    # Milliseconds since 1970 and ids are as long; a card's digits have a sum that fits.
    if len(digits) not in _CARD_DIGITS or not _has_card_sum(digits):
        return found[0]
    return HIDDEN + digits[-4:]


def _has_card_sum(digits: str) -> bool:
    """Luhn's sum."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 * (value > 9)  # noqa: PLR2004 - the sum of its digits
    return total % 10 == 0
