"""A worker: how many connections it takes."""

import resource

import pytest

from logster.serve.worker import MAX_CONNECTIONS, count_connections


@pytest.mark.parametrize(
    ("max_files", "connections"),
    [(256, 128), (1024, 512), (1 << 20, MAX_CONNECTIONS), (resource.RLIM_INFINITY, 1024)],
)
def test_connections_leave_files_for_the_spool_and_the_store(max_files, connections):
    assert count_connections(max_files) == connections
