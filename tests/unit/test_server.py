"""The supervisor: what it prepares for the parts it starts."""

import resource

import pytest

from logster.server import allow_many_files
from logster.worker import MAX_CONNECTIONS, count_connections


def test_the_parts_may_open_as_many_files_as_the_machine_allows():
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (512, before[1]))
    try:
        allow_many_files()
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == (before[1], before[1])
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


@pytest.mark.parametrize(
    ("max_files", "connections"),
    [(256, 128), (1024, 512), (1 << 20, MAX_CONNECTIONS), (resource.RLIM_INFINITY, 1024)],
)
def test_connections_leave_files_for_the_spool_and_the_store(max_files, connections):
    assert count_connections(max_files) == connections
