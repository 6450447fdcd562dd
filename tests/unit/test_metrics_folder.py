"""The folder of the values of /metrics: where it is, whose it is, and when it is empty."""

import pytest

from logster.serve import metrics_folder as module
from logster.serve.metrics_folder import memory_folder, metrics_folder


@pytest.fixture
def memory(tmp_path, monkeypatch):
    memory = tmp_path / "memory"
    memory.mkdir()
    monkeypatch.setattr(module, "MEMORY", memory)
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
        monkeypatch.setattr(module, "MIN_MEMORY_BYTES", 1 << 60)

    with metrics_folder(data) as chosen:
        assert chosen == data / "run" / "metrics"
        assert chosen.is_dir()
