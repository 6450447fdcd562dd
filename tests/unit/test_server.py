"""The supervisor: what it prepares for the parts it starts."""

import resource

import pytest

from logster import server
from logster.server import allow_many_files, memory_folder, metrics_folder
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


@pytest.fixture
def memory(tmp_path, monkeypatch):
    memory = tmp_path / "memory"
    memory.mkdir()
    monkeypatch.setattr(server, "MEMORY", memory)
    return memory


@pytest.fixture
def data(tmp_path):
    data = tmp_path / "data"
    data.mkdir()
    return data


def test_metrics_are_in_memory_for_us_alone_and_gone_at_the_end(memory, data):
    with metrics_folder(data) as folder:
        assert folder.parent == memory
        assert folder.stat().st_mode & 0o777 == 0o700
        (folder / "counter_1.db").touch()
    assert not list(memory.iterdir())


def test_what_a_killed_server_left_is_cleared_by_the_next_one(memory, data):
    folder = memory_folder(data)
    folder.mkdir(mode=0o700)
    (folder / "gauge_livesum_1.db").touch()

    with metrics_folder(data) as again:
        assert again == folder
        assert not list(again.iterdir())


@pytest.mark.parametrize("obstacle", ["no memory", "open to all", "a link", "a file", "no room"])
def test_metrics_are_in_the_data_folder_where_memory_cannot_be_used(
    memory, data, tmp_path, monkeypatch, obstacle
):
    folder = memory_folder(data)
    if obstacle == "no memory":
        memory.rmdir()
    elif obstacle == "open to all":
        folder.mkdir()
        folder.chmod(0o777)
    elif obstacle == "a link":
        (elsewhere := tmp_path / "elsewhere").mkdir(mode=0o700)
        folder.symlink_to(elsewhere)
    elif obstacle == "a file":
        folder.touch()
    else:
        monkeypatch.setattr(server, "MIN_MEMORY_BYTES", 1 << 60)

    with metrics_folder(data) as chosen:
        assert chosen == data / "run" / "metrics"
        assert chosen.is_dir()
