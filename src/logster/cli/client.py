"""The server as the command line meets it: one address, one key, clear errors.

In: a `Target` and requests. Out: answers that are 2xx, or a `ClientError` that says what to do
next. How long to try again: `retry`.
"""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Self, TypeAlias

import httpx
import msgspec

from logster import __version__
from logster.cli.answer import (
    AnswerError,
    AwayError,
    ClientError,
    read_object,
    read_retry_after,
    summary_of,
)
from logster.cli.target import KEY_VARIABLE, URL_VARIABLE, load_target, profile_path
from logster.cli.terminal import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from logster.cli.target import Target

#: A question may take the server's `query_timeout_s` (30 s), and a little to travel.
ANSWER_TIMEOUT_S = 40.0
CONNECT_TIMEOUT_S = 10.0

TOO_MANY_REQUESTS = 429
SERVER_ERROR = 500


#: The address and the key that stand behind a group of commands, before the command itself.
Group: TypeAlias = "tuple[str | None, str | None]"


def open_client(group: Group, url: str | None, key: str | None) -> Client:
    """The server of a command: what it says itself, else what its group says."""
    return Client(load_target(url or group[0], key or group[1]))


class Client:
    """One server, spoken to over kept connections."""

    def __init__(self, target: Target, timeout_s: float = ANSWER_TIMEOUT_S) -> None:
        headers = {"User-Agent": f"logster/{__version__}", "Accept": "application/json"}
        if target.key:
            headers["ApiKey"] = target.key
        self.target = target
        self._http = httpx.Client(
            base_url=target.url,
            headers=headers,
            timeout=httpx.Timeout(timeout_s, connect=CONNECT_TIMEOUT_S),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def get(self, path: str, params: Mapping[str, Any] | None = None) -> httpx.Response:
        """Ask; None among the parameters is left out."""
        given = {name: value for name, value in (params or {}).items() if value is not None}
        with self._translated():
            response = self._http.get(path, params=given)
        return self._checked(response)

    def get_object(self, path: str, params: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Ask for a JSON object."""
        response = self.get(path, params)
        value = read_object(response)
        if not value:
            raise ClientError(
                f"{self.target.url} answers, and not as Logster does. Is the URL right?"
            )
        return value

    def post(
        self, path: str, body: bytes, headers: Mapping[str, str] | None = None
    ) -> httpx.Response:
        """Send a body once."""
        with self._translated():
            response = self._http.post(path, content=body, headers=dict(headers or {}))
        return self._checked(response)

    def order(self, path: str, value: object) -> dict[str, Any]:
        """Send an order as JSON; gives the answer."""
        body = msgspec.json.encode(value)
        return read_object(self.post(path, body, {"Content-Type": "application/json"}))

    def put(self, path: str, value: object) -> httpx.Response:
        """Set what an address stands for."""
        with self._translated():
            response = self._http.put(
                path,
                content=msgspec.json.encode(value),
                headers={"Content-Type": "application/json"},
            )
        return self._checked(response)

    @contextlib.contextmanager
    def stream(
        self, path: str, params: Mapping[str, Any], headers: Mapping[str, str], silence_s: float
    ) -> Iterator[httpx.Response]:
        """Ask for a long answer; silence longer than `silence_s` is an error."""
        timeout = httpx.Timeout(silence_s, connect=CONNECT_TIMEOUT_S)
        with (
            self._translated(),
            self._http.stream(
                "GET", path, params=dict(params), headers=dict(headers), timeout=timeout
            ) as response,
        ):
            if not response.is_success:
                response.read()
            yield self._checked(response)

    @contextlib.contextmanager
    def _translated(self) -> Iterator[None]:
        """Turn what httpx raises into advice."""
        try:
            yield
        except httpx.InvalidURL as error:
            raise ClientError(f"The URL {self.target.url!r} cannot be used: {error}.") from None
        except httpx.TimeoutException as error:
            raise AwayError(
                f"{self.target.url} does not answer in time: {one_line(str(error))}."
            ) from None
        except httpx.TransportError as error:
            raise self._unreachable(one_line(str(error) or type(error).__name__)) from None
        except httpx.RequestError as error:
            raise ClientError(
                f"{self.target.url} answers with what cannot be read: {one_line(str(error))}."
            ) from None

    def _unreachable(self, reason: str) -> ClientError:
        if "CERTIFICATE" in reason:
            return ClientError(
                f"The certificate of {self.target.url} is not trusted: {reason}. "
                "Name the authority's file in SSL_CERT_FILE."
            )
        return AwayError(
            f"No server can be reached at {self.target.url}: {reason}. "
            f"Start one with `logster serve`, or name another with --url or {URL_VARIABLE}."
        )

    def _checked(self, response: httpx.Response) -> httpx.Response:
        if response.is_success:
            return response
        if response.status_code == TOO_MANY_REQUESTS or response.status_code >= SERVER_ERROR:
            raise AwayError(
                f"{self.target.url} answers {summary_of(response)}",
                read_retry_after(response, datetime.now(UTC)),
            )
        raise AnswerError(self._advice_on(response), response)

    def _advice_on(self, response: httpx.Response) -> str:
        url, status = self.target.url, response.status_code
        if status == httpx.codes.UNAUTHORIZED and not self.target.key:
            return (
                f"{url} asks for an API key. Give one with --key, {KEY_VARIABLE} or the profile "
                f"file {profile_path()}; make one with `logster key create`."
            )
        if status == httpx.codes.UNAUTHORIZED:
            return (
                f"{url} does not know the key {shorten_key(self.target.key)} (or it was revoked). "
                "See `logster key list`; make one with `logster key create`."
            )
        if status == httpx.codes.FORBIDDEN:
            return (
                f"The key {shorten_key(self.target.key)} may not do this: {summary_of(response)} "
                "Make one that may with `logster key create --right …`."
            )
        if response.is_redirect or not read_object(response):
            return (
                f"{response.url} answers {status} {one_line(response.reason_phrase)}, and not as "
                "Logster does. Is the URL right?"
            )
        return summary_of(response)


def shorten_key(key: str) -> str:
    """Enough of a key to tell it from others, too little to use it."""
    return f"{key[:8]}…" if len(key) > 16 else "…"  # noqa: PLR2004  half of the shortest key
