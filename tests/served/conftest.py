"""One server for all tests that do not hurt it."""

import pytest

from support.served import serving


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    with serving(tmp_path_factory.mktemp("served") / "data", body_timeout_s=2) as served:
        yield served
