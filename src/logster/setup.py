"""The first start: make or upgrade the meta database, and print what is shown only once.

In: the settings, from the environment. Out: the first key and password on standard output,
when they were made just now and not chosen by the operator.

A short process of its own, so that the supervisor never loads a database driver.
"""

from __future__ import annotations

import logging

from logster.config import load_config
from logster.errors import LogsterError
from logster.meta.bootstrap import FirstStart, bootstrap
from logster.meta.database import open_database
from logster.serverlog import say, start_log


def main() -> int:
    """Set up; 1 when that is not possible, with the reason on standard error."""
    start_log(logging.INFO, "logster: %(message)s")
    logging.getLogger("alembic").setLevel(logging.WARNING)
    try:
        config = load_config()
        database = open_database(config.meta_address)
        first = bootstrap(database, admin=config.bootstrap_admin, api_key=config.bootstrap_api_key)
        database.close()
    except LogsterError as error:
        say("logster", str(error))
        return 1
    if first:
        address = config.public_url or f"http://{config.host}:{config.port}"
        print(render_first_start(first, address), flush=True)  # noqa: T201 - shown this once
    return 0


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
