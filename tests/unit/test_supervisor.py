"""The supervisor: what it prepares for the parts it starts."""

import os
import resource
import socket

import pytest

from logster.config import Config
from logster.errors import ConfigError
from logster.serve.supervisor import allow_many_files, serve


def test_the_parts_may_open_as_many_files_as_the_machine_allows():
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (512, before[1]))
    try:
        allow_many_files()
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == (before[1], before[1])
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


@pytest.mark.parametrize("shape", ["a file", "below a file", "a dangling link", "a taken port",
                                   "no address of this machine"])  # fmt: skip
def test_a_start_that_cannot_be_is_a_sentence_and_leaves_nothing_behind(tmp_path, shape):
    data, host, port = tmp_path / "data", "127.0.0.1", 0
    with socket.create_server(("127.0.0.1", 0)) as taken:
        if shape == "a file":
            data.touch()
        elif shape == "below a file":
            data.touch()
            data = data / "below"
        elif shape == "a dangling link":
            data.symlink_to("/not/mounted")
        elif shape == "a taken port":
            port = taken.getsockname()[1]
        else:
            host = "192.0.2.1"
        before = sorted(tmp_path.iterdir())
        with pytest.raises(ConfigError, match=r"Choose another|mend the link"):
            serve(Config(data=str(data), host=host, port=port))
    assert sorted(tmp_path.iterdir()) == before


def test_a_part_that_is_a_file_stops_the_start(tmp_path):
    (tmp_path / "spool").touch()
    with pytest.raises(ConfigError, match="spool is a file"):
        serve(Config(data=str(tmp_path), port=0))


@pytest.fixture(autouse=True)
def kept_umask():
    """A server sets it for its process, which is the tests' here."""
    before = os.umask(0o022)
    yield
    os.umask(before)


@pytest.mark.parametrize(
    ("host", "url"),
    [("0.0.0.0", "http://127.0.0.1:8000"), ("::", "http://[::1]:8000"),
     ("fd00::7", "http://[fd00::7]:8000"), ("logs.example.org", "http://logs.example.org:8000")],
)  # fmt: skip
def test_the_address_that_is_printed_can_be_opened(host, url):
    assert Config(host=host).address == url
    assert Config(host=host, public_url="https://logs.example.org").address != url
