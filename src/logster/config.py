"""Every setting as one frozen value, read once: defaults < environment < flags.

In: `LOGSTER_…` variables and the flags of `logster serve`. Out: `Config`.
Promise: a value that cannot be used stops the start and says what would do.
`docs/reference/settings.md` is what `python -m logster.config` prints.
"""

from __future__ import annotations

import ipaddress
import os
import sys
import zoneinfo
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import msgspec.inspect

from logster.endpoint import Endpoint, read_endpoints
from logster.errors import ConfigError
from logster.root import read_root

if TYPE_CHECKING:
    from collections.abc import Mapping

ENVIRONMENT_PREFIX = "LOGSTER_"

MIB = 1024 * 1024
GIB = 1024 * MIB

#: The engine counts the end of an event's time in 32 bits, which end in the year 2106.
MAX_RETENTION_DAYS = 10_000

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

#: As many workers as there are spools in a data folder.
MAX_WORKERS = 16

#: Whatever takes a size or a count holds it in 64 bits.
MAX_SIZE = 2**63 - 1

Text = msgspec.Meta(min_length=1)
Count = msgspec.Meta(ge=1, le=MAX_SIZE)
Room = msgspec.Meta(ge=0, le=MAX_SIZE)
Seconds = msgspec.Meta(gt=0, le=86_400)
Days = msgspec.Meta(ge=1, le=MAX_RETENTION_DAYS)
Port = msgspec.Meta(ge=0, le=65535)
Workers = msgspec.Meta(ge=1, le=MAX_WORKERS)
Node = msgspec.Meta(ge=0, le=63)
Threads = msgspec.Meta(ge=0, le=1024)


def _setting(default: Any, text: str) -> Any:
    """One setting: its default and the sentence the documentation shows."""
    SETTING_TEXTS.append(text)
    return default


SETTING_TEXTS: list[str] = []


class Config(msgspec.Struct, frozen=True, kw_only=True):
    """What an operator can decide. Sizes are bytes, waits are seconds."""

    data: Annotated[str, Text] = _setting("logster-data", "Folder for everything that is kept.")
    host: Annotated[str, Text] = _setting("127.0.0.1", "Address to listen on.")
    port: Annotated[int, Port] = _setting(8000, "Port to listen on.")
    workers: Annotated[int, Workers] = _setting(1, "Web worker processes.")
    node: Annotated[int, Node] = _setting(
        0, "Number of this machine among all that write to one store; makes ids unique."
    )
    store_url: str = _setting(
        "",
        "ClickHouse server, as clickhouse://user:password@host:8123/database. "
        "Empty: the built-in engine.",
    )
    meta_url: str = _setting(
        "", "Database for keys and accounts. Empty: SQLite in the data folder."
    )
    public_url: str = _setting(
        "",
        "The URL people reach this server by, with its path when a proxy gives it only one "
        "(https://example.org/logs). Empty: as they ask for it.",
    )
    trusted_proxies: str = _setting(
        "",
        "Addresses and networks of your own reverse proxies, as 10.0.0.5, 10.1.0.0/16: what they "
        "say in X-Forwarded-For is believed. Empty: nobody's.",
    )
    retention_days: Annotated[int, Days] = _setting(
        30, "Days an event is kept, until an administrator chooses otherwise (Set-up / Retention)."
    )
    max_message_bytes: Annotated[int, Count] = _setting(
        4 * MIB, "Largest single message, after decompression."
    )
    max_batch_bytes: Annotated[int, Count] = _setting(
        64 * MIB, "Largest batch, after decompression."
    )
    max_batch_events: Annotated[int, Count] = _setting(
        100_000,
        "Most lines or items of one batch. One insert holds a whole batch, so more of them need "
        "more memory of the engine.",
    )
    max_pending_bytes: Annotated[int, Count] = _setting(
        256 * MIB, "Bodies one worker holds in memory at the same time."
    )
    body_timeout_s: Annotated[float, Seconds] = _setting(
        30.0, "Time a sender has to finish a body."
    )
    max_spool_bytes: Annotated[int, Count] = _setting(
        8 * GIB, "Accepted but not yet stored events one worker keeps on disk."
    )
    min_free_disk_bytes: Annotated[int, Room] = _setting(
        256 * MIB, "Free space below which new events are refused."
    )
    max_refused_bytes: Annotated[int, Room] = _setting(
        256 * MIB,
        "Disk for what was refused, to be looked at and tried again (Set-up / Deliveries); the "
        "oldest goes first, after seven days at the latest. 0: nothing of it is kept.",
    )
    engine_memory_bytes: Annotated[int, Count] = _setting(
        1 * GIB, "Memory of the built-in engine, all queries together."
    )
    query_memory_bytes: Annotated[int, Count] = _setting(512 * MIB, "Memory of one question.")
    query_timeout_s: Annotated[float, Seconds] = _setting(30.0, "Time of one question.")
    engine_threads: Annotated[int, Threads] = _setting(
        0, "Threads one question may use. 0: as many as there are cores."
    )
    session_days: Annotated[int, Days] = _setting(14, "Days a log-in lasts.")
    syslog: str = _setting(
        "",
        "Where syslog is taken, on UDP and TCP: HOST:PORT, several with commas. HOST:PORT=NAME "
        "names the key of the first workspace that its senders have; without it they have the "
        "key *syslog*, which is made for it and may only send.",
    )
    syslog_tls: str = _setting("", "Where syslog over TLS is taken; the same forms.")
    syslog_zone: str = _setting(
        "",
        "Zone of the times in syslog that say none, as Europe/Berlin. Empty: this machine's own.",
    )
    gelf: str = _setting(
        "", "Where GELF is taken, on UDP and TCP; the same forms. Its own key is called *GELF*."
    )
    tls_certificate_file: str = _setting(
        "", "Certificate of the sockets with TLS, with those that signed it behind it (PEM)."
    )
    tls_private_key_file: str = _setting("", "Its private key, without a password (PEM).")
    tls_client_ca_file: str = _setting(
        "",
        "Who may sign the certificates that clients must have then (PEM). Empty: they need none.",
    )
    bootstrap_api_key: str = _setting(
        "", "First start: a key with full rights in the first workspace."
    )
    bootstrap_admin: str = _setting("", "First start: the administrator, as email:password.")

    @property
    def data_path(self) -> Path:
        """The data folder, absolute."""
        return Path(self.data).expanduser().absolute()

    @property
    def local_url(self) -> str:
        """Where this machine reaches the server."""
        wildcards = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - what was asked for
        host = wildcards.get(self.host, self.host)
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"

    @property
    def address(self) -> str:
        """Where people reach the server; paths are put behind it."""
        return self.public_url.removesuffix("/") or self.local_url

    @property
    def root(self) -> str:
        """The path of `public_url`, "" for the top of its host; raises ConfigError."""
        return _read_root(self.public_url) if self.public_url else ""

    @property
    def is_secure(self) -> bool:
        """Whether people reach the server by https."""
        return self.public_url.lower().startswith("https:")

    @property
    def spool_path(self) -> Path:
        """Folder of the workers' spools."""
        return self.data_path / "spool"

    @property
    def ledger_path(self) -> Path:
        """What became of the events that were not stored."""
        return self.data_path / "ledger" / "ledger.sqlite"

    @property
    def question_threads(self) -> int:
        """`engine_threads`, with 0 as what it stands for on this machine."""
        return self.engine_threads or len(os.sched_getaffinity(0))

    @property
    def trusted_networks(self) -> tuple[Network, ...]:
        """`trusted_proxies`, read; raises ConfigError."""
        texts = [text.strip() for text in self.trusted_proxies.split(",") if text.strip()]
        return tuple(map(_read_network, texts))

    @property
    def sockets(self) -> dict[str, tuple[Endpoint, ...]]:
        """The endpoints of each setting that has such, read; raises ConfigError."""
        return {name: _read_endpoints(name, getattr(self, name)) for name in SOCKET_SETTINGS}

    @property
    def meta_address(self) -> str:
        """SQLAlchemy URL of the meta database."""
        return self.meta_url or f"sqlite:///{self.data_path / 'meta.sqlite'}"


#: Settings of sockets beside HTTP.
SOCKET_SETTINGS = ("syslog", "syslog_tls", "gelf")

#: Settings a person must not find in a log or on a screen.
SECRET_SETTINGS = frozenset({"bootstrap_api_key", "bootstrap_admin", "store_url", "meta_url"})

#: name -> sentence, in order.
SETTINGS: dict[str, str] = dict(zip(Config.__struct_fields__, SETTING_TEXTS, strict=True))


def load_config(
    flags: Mapping[str, Any] | None = None, environment: Mapping[str, str] | None = None
) -> Config:
    """Read the settings; raises `ConfigError` naming the first one that cannot be used."""
    environment = os.environ if environment is None else environment
    values: dict[str, Any] = {}
    for name in SETTINGS:
        text = environment.get(variable_of(name))
        if text:
            values[name] = text
    values.update({name: value for name, value in (flags or {}).items() if value is not None})
    for name, value in values.items():
        _check_setting(name, value)
    config = msgspec.convert(values, Config, strict=False)
    _ = config.trusted_networks, config.root  # refuses what is none
    _check_sockets(config)
    _check_path(config)
    return config


def dump_config(config: Config) -> dict[str, str]:
    """The settings as environment variables, for the processes this one starts."""
    return {variable_of(name): str(getattr(config, name)) for name in SETTINGS}


def render_settings() -> str:
    """Render the settings as the Markdown of `docs/reference/settings.md`."""
    defaults = Config()
    rows = [
        f"| `--{name.replace('_', '-')}` | `{variable_of(name)}` | "
        f"{'`' + str(getattr(defaults, name)) + '`' if getattr(defaults, name) != '' else ''} | "
        f"{text} |"
        for name, text in SETTINGS.items()
    ]
    return "\n".join(
        [
            "# Settings",
            "",
            "Every setting is a flag of `logster serve` and a variable; the flag wins.",
            "Sizes are bytes, waits are seconds.",
            "",
            "| flag | variable | default | meaning |",
            "| --- | --- | --- | --- |",
            *rows,
            "",
        ]
    )


def variable_of(name: str) -> str:
    """The environment variable of a setting."""
    return ENVIRONMENT_PREFIX + name.upper()


def _read_root(url: str) -> str:
    try:
        return read_root(url)
    except ValueError as error:
        raise ConfigError(
            f"{_named('public_url')} is {url!r}: {error}. "
            "https://example.org or https://example.org/logs will do."
        ) from None


def _read_network(text: str) -> Network:
    try:
        network = ipaddress.ip_network(text)
    except ValueError as error:
        raise ConfigError(
            f"{variable_of('trusted_proxies')} (--trusted-proxies) names {text!r}: {error}. "
            "Addresses and networks will do: 10.0.0.5, 10.1.0.0/16, fd00::/8."
        ) from None
    if network.prefixlen == 0:
        raise ConfigError(
            f"{variable_of('trusted_proxies')} (--trusted-proxies) names {text!r}: that is "
            "everybody, and then everybody can say to be anybody. Name your own proxies."
        )
    return network


def _read_endpoints(name: str, text: str) -> tuple[Endpoint, ...]:
    try:
        return read_endpoints(text)
    except ValueError as error:
        raise ConfigError(
            f"{_named(name)}: {error}. 0.0.0.0:5514, [::1]:5514=shop and several of these with "
            "commas between them will do."
        ) from None


def _check_sockets(config: Config) -> None:
    """Refuse what could not be listened on, or would be taken by another socket of ours."""
    named = [(name, each) for name, found in config.sockets.items() for each in found]
    named.append(("port", Endpoint(config.host, config.port)))
    for (one, first), (other, second) in combinations(named, 2):
        if first.meets(second):
            raise ConfigError(
                f"{_named(one)} and {_named(other)} both listen on {first.address}; "
                "give each a port of its own."
            )
    if config.syslog_tls and not (config.tls_certificate_file and config.tls_private_key_file):
        raise ConfigError(
            f"{_named('syslog_tls')} needs a certificate: set {_named('tls_certificate_file')} "
            f"and {_named('tls_private_key_file')}."
        )
    try:
        _ = zoneinfo.ZoneInfo(config.syslog_zone or "UTC")
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        raise ConfigError(
            f"{_named('syslog_zone')} is {config.syslog_zone!r}: that is no zone. "
            "UTC and Europe/Berlin will do."
        ) from None


def _check_path(config: Config) -> None:
    try:
        _ = config.data_path
    except RuntimeError:
        raise ConfigError(
            f"{_named('data')} is {config.data!r}: this machine knows no home folder for it. "
            "Give the whole path."
        ) from None


def _check_setting(name: str, value: Any) -> None:
    try:
        msgspec.convert({name: value}, Config, strict=False)
    except msgspec.ValidationError:
        shown = "…" if name in SECRET_SETTINGS else repr(value)
        raise ConfigError(
            f"{_named(name)} is {shown}: it must be {_describe(name)}. "
            f"{SETTINGS[name]} Default: {getattr(Config(), name)!r}."
        ) from None


def _named(name: str) -> str:
    return f"{variable_of(name)} (--{name.replace('_', '-')})"


def _describe(name: str) -> str:
    """What a setting may be, in words."""
    declared = msgspec.inspect.type_info(Config)
    assert isinstance(declared, msgspec.inspect.StructType)
    kind = next(field.type for field in declared.fields if field.name == name)
    if isinstance(kind, msgspec.inspect.StrType):
        return "a text that is not empty"
    assert isinstance(kind, msgspec.inspect.IntType | msgspec.inspect.FloatType)
    if kind.gt is not None:
        return f"a number above {kind.gt:g} and up to {kind.le:,.0f}"
    if kind.le == MAX_SIZE:
        unit = " of bytes" if name.endswith("_bytes") else ""
        return f"a whole number{unit}, {kind.ge} or more, that 64 bits can hold"
    return f"a whole number from {kind.ge} to {kind.le}"


if __name__ == "__main__":
    sys.stdout.write(render_settings())
