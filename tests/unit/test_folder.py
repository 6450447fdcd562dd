"""The data folder: what is ours is closed to others, and nothing else is touched."""

import os
import stat
import subprocess
import sys

import pytest

from logster.errors import ConfigError
from logster.folder.lock import find_server, lock_folder
from logster.folder.permissions import close_folder
from logster.folder.place import check_folder, forget_folder, make_folder

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root makes files of others")


@pytest.fixture
def data(tmp_path):
    """A data folder as a server leaves it, but open to everybody."""
    data = tmp_path / "data"
    for name in ("engine/chdb/store", "spool", "run/metrics"):
        (data / name).mkdir(parents=True)
    for name in (
        "meta.sqlite", "meta.sqlite-wal", "meta.sqlite-shm", "meta.sqlite.lock", "server.lock",
        "engine/engine.lock", "engine/chdb/store/data.bin", "spool/spool-00.sqlite",
        "spool/spool-00.sqlite-wal", "run/metrics/counter_1.db",
    ):  # fmt: skip
        (data / name).write_text("secret")
    open_to_all(data)
    return data


def open_to_all(folder):
    for path in [folder, *folder.rglob("*")]:
        path.chmod(0o755 if path.is_dir() else 0o664)


def mode(path):
    return stat.S_IMODE(path.lstat().st_mode)


def open_ones(folder):
    paths = [folder, *folder.rglob("*")]
    return [path for path in paths if not path.is_symlink() and mode(path) & 0o077]


def test_everything_in_it_is_closed_and_what_was_open_is_named(data):
    [note] = close_folder(data)

    assert open_ones(data) == []
    assert mode(data) == 0o700
    assert mode(data / "meta.sqlite") == 0o600
    assert str(data) in note
    assert "0755" in note
    assert "engine, meta.sqlite" in note
    assert "16 in all" in note


def test_a_closed_folder_needs_no_note(data):
    close_folder(data)
    assert close_folder(data) == []


def test_a_copy_of_the_accounts_and_a_restored_engine_without_its_lock_are_ours(data):
    (data / "engine" / "engine.lock").unlink()
    (data / "meta.sqlite.before-upgrade").write_text("secret")
    open_to_all(data)

    close_folder(data)

    assert open_ones(data) == []


def test_what_nobody_could_reach_is_closed_without_a_note(data):
    data.chmod(0o700)

    assert close_folder(data) == []
    assert open_ones(data) == []


def test_an_empty_folder_that_was_open_is_closed_and_told(tmp_path):
    tmp_path.chmod(0o755)
    [note] = close_folder(tmp_path)
    assert mode(tmp_path) == 0o700
    assert "closed now" in note


def test_a_folder_that_holds_other_things_keeps_its_mode_and_they_theirs(data):
    (data / "thesis.tex").write_text("mine")
    (data / "photos").mkdir()
    (data / "photos" / "one.jpg").write_text("mine")
    open_to_all(data)

    notes = close_folder(data)

    kept = [data, data / "photos", data / "photos" / "one.jpg", data / "thesis.tex"]
    assert sorted(open_ones(data)) == sorted(kept)
    assert "photos, thesis.tex" in notes[0]
    assert "--data" in notes[0]


@pytest.mark.parametrize("name", ["run", "spool", "engine"])
def test_a_folder_of_another_program_with_one_of_our_names_is_not_ours(tmp_path, name):
    """As `--data /` has a `run`, and `--data /var` a `spool`."""
    (tmp_path / name).mkdir()
    (tmp_path / name / "other.pid").write_text("1")
    open_to_all(tmp_path)

    [note] = close_folder(tmp_path)

    assert mode(tmp_path) == 0o755
    assert mode(tmp_path / name) == 0o755
    assert mode(tmp_path / name / "other.pid") == 0o664
    assert name in note


def test_links_are_not_followed_and_an_open_end_is_told(data, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    (data / "engine").rename(elsewhere)
    (data / "engine").symlink_to(elsewhere)
    (data / "spool" / "spool-01.sqlite").symlink_to(elsewhere / "engine.lock")

    notes = close_folder(data)

    assert mode(elsewhere) == 0o755
    assert mode(elsewhere / "engine.lock") == 0o664
    assert mode(data) == 0o700
    assert any(str(elsewhere) in note and "chmod" in note for note in notes)


def test_the_data_folder_itself_may_be_reached_by_a_link(data, tmp_path):
    (tmp_path / "link").symlink_to(data)
    close_folder(tmp_path / "link")
    assert open_ones(data) == []


@needs_root
def test_what_belongs_to_somebody_else_is_left_and_told(data):
    os.chown(data / "spool" / "spool-00.sqlite", 65534, -1)

    notes = close_folder(data)

    assert open_ones(data) == [data / "spool" / "spool-00.sqlite"]
    assert any("spool/spool-00.sqlite" in note and "chown" in note for note in notes)


@needs_root
def test_a_folder_of_somebody_else_keeps_its_mode_and_is_told(data):
    os.chown(data, 65534, -1)

    notes = close_folder(data)

    assert mode(data) == 0o755
    assert mode(data / "engine") == 0o700
    assert "belongs to nobody" in notes[0]
    assert "chown" in notes[0]


def test_a_pipe_or_socket_in_it_does_not_stop_the_start(data):
    os.mkfifo(data / "spool" / "pipe")
    close_folder(data)


@pytest.mark.parametrize(
    ("shape", "told"),
    [("a file", "is a file"), ("below a file", "is a file"), ("a dangling link", "is a link to"),
     ("a loop", "is a link to")],
)  # fmt: skip
def test_what_cannot_be_a_folder_is_told_in_one_sentence(tmp_path, shape, told):
    path = tmp_path / "data"
    if shape == "a file":
        path.touch()
    elif shape == "below a file":
        path.touch()
        path = path / "data"
    elif shape == "a dangling link":
        path.symlink_to(tmp_path / "nowhere" / "data")
    else:
        path.symlink_to(path)

    with pytest.raises(ConfigError, match=told) as caught:
        make_folder(path)

    assert "\n" not in str(caught.value)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("name", ["engine", "spool", "run"])
@pytest.mark.parametrize("shape", ["file", "link"])
def test_a_part_that_is_no_folder_stops_the_start(tmp_path, name, shape):
    part = tmp_path / name
    part.touch() if shape == "file" else part.symlink_to("/not/mounted")
    with pytest.raises(ConfigError, match=str(part)):
        check_folder(tmp_path, ["engine", "spool", "run"])


def test_a_lock_that_is_a_link_is_not_followed(tmp_path):
    (tmp_path / "server.lock").symlink_to(tmp_path / "victim")
    with pytest.raises(ConfigError), lock_folder(tmp_path):
        pass
    assert not (tmp_path / "victim").exists()


def test_a_new_folder_goes_again_when_nothing_is_kept_in_it(tmp_path):
    for kept in (False, True):
        data = tmp_path / "data"
        make_folder(data)
        with lock_folder(data):
            (data / "run").mkdir()
        if kept:
            (data / "meta.sqlite").touch()
        forget_folder(data)
        assert data.exists() is kept


def test_who_runs_with_a_folder_can_be_found_out(tmp_path):
    assert find_server(tmp_path) is None
    with lock_folder(tmp_path, "http://127.0.0.1:8123"):
        assert ask_in_another_process(tmp_path) == "http://127.0.0.1:8123"
    assert find_server(tmp_path) is None


def ask_in_another_process(folder):
    program = (
        "import sys, pathlib, logster.folder.lock as lock; "
        "print(lock.find_server(pathlib.Path(sys.argv[1])))"
    )
    command = [sys.executable, "-c", program, folder]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
