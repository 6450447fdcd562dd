"""The first start: make or upgrade the meta database, and print what is shown only once.

In: the settings, from the environment. Out: on standard output what is shown at the first start,
or, with exit code 1, the sentence that says why there can be none. The supervisor reads it.

A short process of its own, so that the supervisor never loads a database driver.
"""

from __future__ import annotations

import logging
import os

from logster.config import Config, load_config
from logster.errors import LogsterError
from logster.folder.permissions import UMASK
from logster.meta.bootstrap import FirstStart, bootstrap, check_chosen
from logster.meta.database import open_database
from logster.meta.socket_keys import make_own_keys
from logster.meta.sqlite import check_kept
from logster.serverlog import start_log


def main() -> int:
    """Set up; 1 when that is not possible."""
    os.umask(UMASK)
    start_log(logging.INFO, "logster: %(message)s")
    logging.getLogger("alembic").setLevel(logging.WARNING)
    try:
        config = load_config()
        first = _set_up(config)
    except LogsterError as error:
        print(error)  # noqa: T201 - the supervisor's answer
        return 1
    if first:
        print(render_first_start(first, config.address))  # noqa: T201 - shown this once
    return 0


def _set_up(config: Config) -> FirstStart | None:
    admin, api_key = config.bootstrap_admin, config.bootstrap_api_key
    check_chosen(admin, api_key)  # before anything is made
    if config.store_url:
        _check_store(config.store_url)
    if not config.meta_url and config.spool_path.is_dir():
        check_kept(config.data_path / "meta.sqlite")
    database = open_database(config.meta_address)
    try:
        first = bootstrap(database, admin=admin, api_key=api_key)
        make_own_keys(database, _list_own_keys(config))
        return first
    finally:
        database.close()


def _list_own_keys(config: Config) -> list[str]:
    """The protocols that have a socket which no key is named for."""
    return [
        protocol
        for protocol in ("syslog", "gelf")
        if any(
            setting.startswith(protocol) and not all(endpoint.key for endpoint in endpoints)
            for setting, endpoints in config.sockets.items()
        )
    ]


def _check_store(url: str) -> None:
    # Half a second of import that most starts have no need of.
    from logster.store.engine import Engine  # noqa: PLC0415

    Engine(url)  # refuses what is no address; it connects later


def render_first_start(first: FirstStart, address: str) -> str:
    """What a new operator needs, and how to send the first message."""
    key = first.key or "(the one you chose)"
    return f"""
  The first start of Logster. The password and the key are shown only now.

    Portal    {address}
    Log in    {first.email}  {first.password or "(the password you chose)"}
    API key   {key}

  Send the first message:

    curl {address}/api/Log -H 'ApiKey: {first.key or "…"}' \\
         -H 'Content-Type: application/json' -d '{{"Message": "Hello, Logster", "Severity": 2}}'
"""


if __name__ == "__main__":
    raise SystemExit(main())
