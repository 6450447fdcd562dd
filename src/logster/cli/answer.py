"""What the server answered: a JSON object, or an error that says what to do next.

In: an HTTP response. Out: its JSON object; the sentence of its error; the errors that the
commands of the command line know.
"""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

import msgspec

from logster.cli.terminal import one_line
from logster.errors import LogsterError

if TYPE_CHECKING:
    from datetime import datetime

    import httpx


class ClientError(LogsterError):
    """The server cannot be used as asked; the message says what to do next."""


class AnswerError(ClientError):
    """The server answered, and not with success."""

    def __init__(self, message: str, response: httpx.Response) -> None:
        super().__init__(message)
        self.response = response

    @property
    def detail(self) -> dict[str, Any]:
        """The JSON object of the answer; empty when it is none."""
        return read_object(self.response)


class AwayError(ClientError):
    """The server cannot be reached, or says that it cannot now."""

    def __init__(self, message: str, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


def read_object(response: httpx.Response) -> dict[str, Any]:
    """The JSON object of an answer; empty when it is none."""
    try:
        value = msgspec.json.decode(response.content)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def summary_of(response: httpx.Response) -> str:
    """The sentence of an error answer: the query API's, or the native API's."""
    detail = read_object(response)
    error = detail.get("error")
    text = error.get("message") if isinstance(error, dict) else detail.get("Message")
    return one_line(str(text or f"{response.status_code} {response.reason_phrase}."))


def read_retry_after(response: httpx.Response, now: datetime) -> float | None:
    """Read Retry-After, in seconds or as a date."""
    text = response.headers.get("Retry-After", "").strip()
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        return max((parsedate_to_datetime(text) - now).total_seconds(), 0.0)
    except (ValueError, TypeError):  # no header, no date, or a date without a zone
        return None
