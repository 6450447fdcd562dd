"""The server as the command line meets it: one address, one key, clear errors, retries.

In: `--url` and `--key`, `LOGSTER_URL` and `LOGSTER_API_KEY`, or a profile of the profile file.
Out: answers that are 2xx, or a `ClientError` that says what to do next.
Promise: a batch is sent again only under the same Idempotency-Key, so that trying
again never stores twice.
"""

from __future__ import annotations

import contextlib
import os
import random
import time
import tomllib
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import click
import httpx
import msgspec
from click.core import ParameterSource

from logster import __version__
from logster.cli.terminal import note, one_line
from logster.errors import LogsterError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

DEFAULT_URL = "http://127.0.0.1:8000"
URL_VARIABLE = "LOGSTER_URL"
KEY_VARIABLE = "LOGSTER_API_KEY"
PROFILE_VARIABLE = "LOGSTER_PROFILE"

#: A question may take the server's `query_timeout_s` (30 s), and a little to travel.
ANSWER_TIMEOUT_S = 40.0
CONNECT_TIMEOUT_S = 10.0

#: The first wait is short, since most troubles are a restart; the last does not hammer.
FIRST_WAIT_S = 0.5
MAX_WAIT_S = 30.0

#: What others may do with a file.
_OTHERS_MODE = 0o077

TOO_MANY_REQUESTS = 429
SERVER_ERROR = 500


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
        return _object_of(self.response)


class AwayError(ClientError):
    """The server cannot be reached, or says that it cannot now."""

    def __init__(self, message: str, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class Target(msgspec.Struct, frozen=True):
    """Where to, and with which key."""

    url: str
    key: str = ""


def target_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add `--url`, `--key` and `--profile` to a command."""
    url = click.option(
        "--url",
        envvar=URL_VARIABLE,
        help=f"The server.  [{URL_VARIABLE}, or url in the profile file, or {DEFAULT_URL}]",
    )
    key = click.option(
        "--key",
        envvar=KEY_VARIABLE,
        help=f"The API key.  [{KEY_VARIABLE}, or key in the profile file]",
    )
    profile = click.option(
        "--profile",
        metavar="NAME",
        callback=_remember_profile,
        expose_value=False,
        help="A section of the profile file: another server and key.",
    )
    return url(key(profile(function)))


def _remember_profile(ctx: click.Context, _parameter: click.Parameter, name: str | None) -> None:
    ctx.meta[PROFILE_VARIABLE] = name


def load_target(url: str | None, key: str | None) -> Target:
    """Fill what flags and variables leave open from the profile file.

    A profile that is named stands above the variables: it was typed, they were lying about.
    """
    ctx = click.get_current_context(silent=True)
    name = ctx.meta.get(PROFILE_VARIABLE) if ctx else None
    profile = load_profile(name)
    if ctx and name:
        url = None if _is_from_variable(ctx, "url") else url
        key = None if _is_from_variable(ctx, "key") else key
    chosen = url or profile.get("url", DEFAULT_URL)
    if not chosen.startswith(("http://", "https://")):
        raise ClientError(
            f"The URL {chosen!r} does not begin with http:// or https://. Example: {DEFAULT_URL}"
        )
    return Target(chosen.rstrip("/"), key or profile.get("key", ""))


def _is_from_variable(ctx: click.Context, name: str) -> bool:
    return ctx.get_parameter_source(name) is ParameterSource.ENVIRONMENT


def profile_path() -> Path:
    """The profile file, whether it exists or not."""
    if path := os.environ.get(PROFILE_VARIABLE):
        return Path(path).expanduser()
    home = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(home) / "logster" / "profile.toml"


def load_profile(name: str | None = None) -> dict[str, str]:
    """Read `url` and `key`, of the section `name` when one is given.

    A missing file is an empty one, but not when a section of it was asked for.
    """
    path = profile_path()
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        values = {}
    except (OSError, ValueError) as error:
        raise ClientError(f"The profile file {path} cannot be read: {error}") from None
    if name is not None:
        sections = [key for key, value in values.items() if isinstance(value, dict)]
        if name not in sections:
            known = ", ".join(sections) or "none"
            raise ClientError(f"The profile file {path} has no section [{name}]; it has: {known}.")
        values = values[name]
    known_values = {key: value for key, value in values.items() if key in ("url", "key")}
    if not all(isinstance(value, str) for value in known_values.values()):
        raise ClientError(f'In the profile file {path}, url and key must be text: key = "lgs_…".')
    if "key" in known_values and path.stat().st_mode & _OTHERS_MODE:
        note(f"Others can read the key in {path}; chmod 600 it.")
    return known_values


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
        value = _object_of(response)
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
                f"{self.target.url} answers {_summary_of(response)}",
                retry_after_of(response, datetime.now(UTC)),
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
                f"{url} does not know the key {hint_of(self.target.key)} (or it was revoked). "
                "See `logster key list`; make one with `logster key create`."
            )
        if status == httpx.codes.FORBIDDEN:
            return (
                f"The key {hint_of(self.target.key)} may not do this: {_summary_of(response)} "
                "Make one that may with `logster key create --right …`."
            )
        if response.is_redirect or not _object_of(response):
            return (
                f"{response.url} answers {status} {one_line(response.reason_phrase)}, and not as "
                "Logster does. Is the URL right?"
            )
        return _summary_of(response)


def hint_of(key: str) -> str:
    """Enough of a key to tell it from others, too little to use it."""
    return f"{key[:8]}…" if len(key) > 16 else "…"  # noqa: PLR2004  half of the shortest key


def _object_of(response: httpx.Response) -> dict[str, Any]:
    try:
        value = msgspec.json.decode(response.content)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _summary_of(response: httpx.Response) -> str:
    """The sentence of an error answer: the query API's, or the native API's."""
    detail = _object_of(response)
    error = detail.get("error")
    text = error.get("message") if isinstance(error, dict) else detail.get("Message")
    return one_line(str(text or f"{response.status_code} {response.reason_phrase}."))


def retry_after_of(response: httpx.Response, now: datetime) -> float | None:
    """Read Retry-After, in seconds or as a date."""
    text = response.headers.get("Retry-After", "").strip()
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        return max((parsedate_to_datetime(text) - now).total_seconds(), 0.0)
    except (ValueError, TypeError):  # no header, no date, or a date without a zone
        return None


class Patience:
    """How long to go on trying: waits that double, with jitter, until `limit_s` have passed.

    `limit_s` None is for ever. The jitter keeps many senders from coming back at once.
    """

    def __init__(
        self,
        limit_s: float | None,
        *,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.limit_s = limit_s
        self._sleep = sleep
        self._clock = clock

    def call(self, attempt: Callable[[], httpx.Response], on_wait: OnWait) -> httpx.Response:
        """Try until it works; raises the last `AwayError` when the time is over."""
        started, wait_s = self._clock(), FIRST_WAIT_S
        while True:
            try:
                return attempt()
            except AwayError as error:
                pause_s = pause_of(wait_s, error.retry_after_s)
                if not self._lasts(started, pause_s):
                    raise
                on_wait(error, pause_s)
            self._sleep(pause_s)
            wait_s = min(wait_s * 2, MAX_WAIT_S)

    def _lasts(self, started: float, pause_s: float) -> bool:
        return self.limit_s is None or self._clock() + pause_s - started <= self.limit_s


def pause_of(wait_s: float, retry_after_s: float | None) -> float:
    """Half to the whole of the wait, by chance; never less than the server asks for."""
    chosen = wait_s * random.uniform(0.5, 1.0)  # noqa: S311  spreads load, keeps no secret
    return max(chosen, retry_after_s or 0.0)


if TYPE_CHECKING:
    OnWait = Callable[[AwayError, float], None]
