"""One server for all clients; `make clients` runs them."""

import pytest

from support.clients import FOLDER, GELF_PORT, SYSLOG_PORT, Clients
from support.served import serving


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    if not FOLDER.is_dir():
        pytest.fail(f"The clients are not in {FOLDER}; `make clients-ready` puts them there.")
    sockets = {"syslog": f"127.0.0.1:{SYSLOG_PORT}", "gelf": f"127.0.0.1:{GELF_PORT}"}
    with serving(tmp_path_factory.mktemp("served") / "data", **sockets) as served:
        yield served


@pytest.fixture
def clients(server, tmp_path):
    return Clients(server, tmp_path)
