"""Following: each reported fault, and the parts it is made of; real files, a hand-turned clock."""

import contextlib
import json
import os
import shutil
import stat
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logster.follow.charset import EncodingError, check_encoding, encoding_of
from logster.follow.decisions import COPY_REST_S, LATE_S
from logster.follow.folders import are_related, find_files, stem_of
from logster.follow.follower import Follower
from logster.follow.positions import Positions, StateError
from logster.follow.rows import MAX_LINE_BYTES, Row, Splitter

NOBODY = 65534


class Notes:
    def __init__(self):
        self.told = []

    def skip(self, path, why):
        self.told.append((path.name, why))

    def unreadable(self, path, why):
        self.told.append((path.name, why))

    def undecodable(self, source, line, encoding):
        self.told.append((Path(source).name, line, encoding))


class Watch:
    """A follower that is looked through by hand."""

    def __init__(self, *paths, state=None, **options):
        self.now = 100.0
        self.notes = Notes()
        self.said: list[str] = []
        self.positions = Positions(state, self.said.append)
        self.positions.__enter__()
        self.follower = Follower(
            paths, self.positions, self.notes, clock=lambda: self.now, **options
        )

    def look(self, times=1):
        rows = [row for _ in range(times) for row in self.follower.look()]
        places = {row.place.reader.id: row.place for row in rows if row.place}
        self.positions.record(place.position for place in places.values())
        return [row.text for row in rows if row.number]

    def end(self):
        self.follower.close()
        self.positions.__exit__()


@pytest.fixture
def watch():
    made = []

    def watch(*paths, **options):
        made.append(Watch(*paths, **options))
        return made[-1]

    yield watch
    for each in made:
        each.end()


@pytest.fixture
def public():
    """A folder that other users reach as well."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@contextlib.contextmanager
def as_nobody():
    """Without root's rights, which read everything."""
    is_root = os.geteuid() == 0
    if is_root:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        if is_root:
            os.seteuid(0)


def test_a_file_that_is_emptied_and_refilled_beyond_its_size_is_read_from_its_head(watch, tmp_path):
    path = tmp_path / "a.log"
    path.write_text("old 1\nold 2\nold 3\n")
    seen = watch(tmp_path)
    assert seen.look() == ["old 1", "old 2", "old 3"]

    refilled = [f"new {n} padded to be longer" for n in range(1, 7)]
    path.write_text("\n".join(refilled) + "\n")

    assert seen.look(2) == refilled


def test_a_file_that_is_rewritten_to_the_same_size_is_read_again(watch, tmp_path):
    path = tmp_path / "a.log"
    path.write_text("aaaa\n")
    seen = watch(path)
    assert seen.look() == ["aaaa"]

    path.write_text("bbbb\n")

    assert seen.look(2) == ["bbbb"]


@pytest.mark.parametrize("name", ["app.log.1", "app.log-20261130", "old/app.log", "app-1.log"])
def test_the_copy_of_copytruncate_is_not_sent_again(watch, tmp_path, name):
    (tmp_path / "old").mkdir()
    path = tmp_path / "app.log"
    path.write_text("line 1\nline 2\nline 3\n")
    seen = watch(tmp_path)
    assert len(seen.look()) == 3

    shutil.copy(path, tmp_path / name)
    path.write_text("")
    assert seen.look(2) == []
    with path.open("a") as file:
        file.write("line 4\n")

    assert seen.look() == ["line 4"]
    seen.now += 100
    assert seen.look(3) == []


def test_lines_that_only_the_copy_has_are_read_from_it_before_the_new_ones(watch, tmp_path):
    path = tmp_path / "app.log"
    path.write_text("one\nhal")
    seen = watch(path)
    assert seen.look() == ["one"]

    with path.open("a") as file:
        file.write("f\nlast\n")
    shutil.copy(path, tmp_path / "app.log.1")
    path.write_text("new\n")

    assert seen.look(2) == ["half", "last", "new"]


@pytest.mark.parametrize("is_folder", [True, False])
@pytest.mark.parametrize("looks", [True, False])
def test_a_copy_that_is_written_over_the_last_one_is_not_sent_again(
    watch, tmp_path, is_folder, looks
):
    log, copy = tmp_path / "app.log", tmp_path / "app.log.1"
    log.write_text("line 1\nline 2\n")
    seen = watch(tmp_path if is_folder else log)
    sent = seen.look()

    for number in (3, 4, 5):  # `cp app.log app.log.1; : > app.log`, each night
        shutil.copyfile(log, copy)
        if looks:
            sent += seen.look()
        log.write_text(f"line {number}\n")
        sent += seen.look(3)
    seen.now += COPY_REST_S + 1

    assert sent + seen.look(2) == [f"line {number}" for number in range(1, 6)]


def test_a_copy_that_is_just_made_at_a_restart_is_not_sent_again(watch, tmp_path):
    logs = tmp_path / "logs"
    logs.mkdir()
    log, copy = logs / "app.log", logs / "app.log.1"
    log.write_text("line 1\nline 2\n")
    first = watch(logs, state=tmp_path / "state")
    assert first.look() == ["line 1", "line 2"]
    first.end()

    shutil.copyfile(log, copy)
    second = watch(logs, state=tmp_path / "state")
    sent = second.look()
    log.write_text("line 3\n")

    assert sent + second.look(3) == ["line 3"]


@pytest.mark.parametrize("is_folder", [True, False])
def test_late_writes_to_a_renamed_log_are_read(watch, tmp_path, is_folder):
    path = tmp_path / "app.log"
    with path.open("w") as file:
        file.writelines(f"old {n}\n" for n in range(20))
        file.flush()
        seen = watch(tmp_path if is_folder else path)
        assert len(seen.look()) == 20
        path.rename(tmp_path / "app.log.1")
        path.write_text("first of the new\n")
        assert seen.look() == ["first of the new"]
        seen.now += LATE_S / 2
        file.writelines(f"late {n}\n" for n in range(5))

    assert seen.look() == [f"late {n}" for n in range(5)]


def test_a_deleted_log_is_let_go_of_after_a_while(watch, tmp_path):
    path = tmp_path / "app.log"
    path.write_text("one\nunfinished")
    seen = watch(path)
    assert seen.look() == ["one"]
    path.unlink()
    assert seen.look() == []

    seen.now += LATE_S
    assert seen.look() == ["unfinished"]
    assert seen.follower.unfinished == []


def test_an_unfinished_line_waits_and_is_named(watch, tmp_path):
    path = tmp_path / "a.log"
    path.write_text("full\npartial")
    seen = watch(path, state=tmp_path / "state" / "s.json")

    assert seen.look() == ["full"]
    assert seen.follower.unfinished == [(str(path), 2)]
    with path.open("a") as file:
        file.write(" no more\nlast")
    assert [row.text for row in seen.follower.finish()] == ["partial no more", "last"]


def test_logs_that_begin_alike_are_each_read(watch, tmp_path):
    for name in ("worker-1.log", "worker-2.log"):
        (tmp_path / name).write_text("started\n")
    seen = watch(tmp_path)
    assert seen.look() == ["started", "started"]

    (tmp_path / "worker-3.log").write_text("started\n")
    assert seen.look() == []  # it may be the copy that comes before a truncation
    with (tmp_path / "worker-3.log").open("a") as file:
        file.write("other work\n")
    assert seen.look() == ["started", "other work"]

    (tmp_path / "worker-4.log").write_text("started\n")
    assert seen.look() == []
    seen.now += COPY_REST_S
    assert seen.look() == ["started"]


def test_files_of_one_name_in_two_folders_are_two(watch, tmp_path):
    state = tmp_path / "state.json"
    paths = [tmp_path / folder / "app.log" for folder in "ab"]
    for path in paths:
        path.parent.mkdir()
        path.write_text(f"{path.parent.name} 1\n")
    first = watch(*paths, state=state)
    assert first.look() == ["a 1", "b 1"]
    first.end()
    for path in paths:
        with path.open("a") as file:
            file.write(f"{path.parent.name} 2\n")
        path.rename(f"{path}.1")
        path.write_text(f"{path.parent.name} 3\n")

    assert watch(*paths, state=state).look(2) == ["a 2", "b 2", "a 3", "b 3"]


def test_what_cannot_be_read_is_told_once_and_read_when_it_can_be(watch, public):
    (public / "a.log").write_text("one\n")
    (public / "sub").mkdir()
    (public / "sub" / "c.log").write_text("three\n")
    (public / "new.log").write_text("hidden\n")
    (public / "sub").chmod(0)
    (public / "new.log").chmod(0)
    with as_nobody():
        seen = watch(public)
        assert seen.look() == ["one"]
        assert seen.look() == []
    assert sorted(seen.notes.told) == [
        ("new.log", "Permission denied"),
        ("sub", "Permission denied"),
    ]
    assert seen.follower.unreadable_count == 2

    (public / "sub").chmod(0o755)
    (public / "new.log").chmod(0o644)
    with as_nobody():
        assert seen.look() == ["hidden", "three"]
    assert seen.follower.unreadable_count == 0
    assert len(seen.notes.told) == 2


def test_what_is_left_out_is_told_once(watch, tmp_path):
    (tmp_path / "a.log").write_text("one\n")
    (tmp_path / "picture.png").write_bytes(b"\x89PNG\r\n\x1a\n\0\0\0")
    (tmp_path / "old.log.gz").write_bytes(b"\x1f\x8b")
    (tmp_path / "old.log.bz2").write_bytes(b"BZh91AY&SY")
    (tmp_path / ".hidden").write_text("x\n")
    os.mkfifo(tmp_path / "pipe")
    seen = watch(tmp_path)

    assert seen.look(3) == ["one"]
    assert sorted(seen.notes.told) == [
        (".hidden", "hidden"),
        ("old.log.bz2", "not text"),
        ("old.log.gz", "compressed"),
        ("picture.png", "not text"),
        ("pipe", "not a file"),
    ]


@pytest.mark.parametrize("zeros", [1, 2, 3, 300, 8192, 3_000_001])
def test_a_hole_before_the_first_line_is_not_part_of_it(watch, tmp_path, zeros):
    line = "2026-11-30 20:00:00 ERROR after truncation"
    with (tmp_path / "app.log").open("wb") as file:
        file.truncate(zeros)
        file.seek(zeros)
        file.write(f"{line}\n".encode())
    seen = watch(tmp_path)

    assert seen.look() == [line]
    assert seen.notes.told == []


def test_a_link_a_second_name_and_a_loop_give_each_file_once(watch, tmp_path):
    (tmp_path / "d" / "sub").mkdir(parents=True)
    (tmp_path / "d" / "app-2026.log").write_text("l 1\nl 2\nl 3\n")
    (tmp_path / "d" / "current.log").symlink_to("app-2026.log")
    (tmp_path / "d" / "a-link-first.log").symlink_to("app-2026.log")
    os.link(tmp_path / "d" / "app-2026.log", tmp_path / "d" / "second.log")
    (tmp_path / "d" / "sub" / "up").symlink_to("..")
    (tmp_path / "d" / "nothing").symlink_to("nowhere")
    seen = watch(tmp_path / "d")

    assert seen.look(2) == ["l 1", "l 2", "l 3"]
    [found] = find_files([tmp_path / "d"], seen.notes.skip, seen.notes.unreadable)
    assert found.path.name == "app-2026.log"
    assert seen.notes.told[0] == ("nothing", "a link to nothing")


def test_a_link_that_is_led_to_the_next_file_goes_on_there(watch, tmp_path):
    (tmp_path / "app-1.log").write_text("one\n")
    link = tmp_path / "current.log"
    link.symlink_to("app-1.log")
    seen = watch(link)
    assert seen.look() == ["one"]

    (tmp_path / "app-2.log").write_text("two\n")
    link.unlink()
    link.symlink_to("app-2.log")

    assert seen.look() == ["two"]


# --- restart ---------------------------------------------------------------------------------


def test_a_restart_goes_on_where_it_stopped(watch, tmp_path):
    path, state = tmp_path / "a.log", tmp_path / "state.json"
    path.write_text("a\nb\n")
    first = watch(path, state=state)
    assert first.look() == ["a", "b"]
    first.end()
    with path.open("a") as file:
        file.write("c\n")

    second = watch(path, state=state, skip_existing=True)
    assert second.look() == ["c"]
    assert stat.S_IMODE(state.stat().st_mode) == 0o600


@pytest.mark.parametrize("how", ["rename", "copy", "empty", "replace"])
def test_a_rotation_while_nobody_followed_loses_nothing(watch, tmp_path, how):
    path, state = tmp_path / "a.log", tmp_path / "s" / "state.json"
    path.write_text("one\n")
    first = watch(path, state=state)
    assert first.look() == ["one"]
    first.end()
    with path.open("a") as file:
        file.write("two\n")
    if how == "rename":
        path.rename(tmp_path / "a.log.1")
        path.write_text("three\n")
    elif how == "copy":
        shutil.copy(path, tmp_path / "a.log.1")
        path.write_text("three\n")
    elif how == "empty":
        path.write_text("two\nthree\n")
    else:
        (tmp_path / "fresh").write_text("one\ntwo\nthree\n")
        (tmp_path / "fresh").replace(path)

    assert watch(path, state=state).look(3) == ["two", "three"]


def test_what_is_skipped_at_first_is_skipped_after_a_restart_but_what_came_since_is_not(
    watch, tmp_path
):
    path, state = tmp_path / "a.log", tmp_path / "s" / "state.json"
    path.write_text("old\nbegun ")
    first = watch(path, state=state, skip_existing=True)
    assert first.look(2) == []
    first.end()
    with path.open("a") as file:
        file.write("before, ended now\nnew\n")

    assert watch(path, state=state, skip_existing=True).look() == ["begun before, ended now", "new"]


def test_two_who_follow_do_not_share_a_state_file(watch, tmp_path):
    watch(tmp_path, state=tmp_path / "s" / "state.json")

    with pytest.raises(StateError, match=r"Another process follows .* --state"):
        watch(tmp_path, state=tmp_path / "s" / "state.json")


@pytest.mark.parametrize("body", [b"{", b"", b'{"version":2,"files":[]}', b'{"files":[{}]}', b"\0"])
def test_a_state_file_that_cannot_be_understood_is_set_aside_and_told(watch, tmp_path, body):
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "a.log").write_text("a\n")
    state = tmp_path / "state.json"
    state.write_bytes(body)

    seen = watch(tmp_path / "logs", state=state)

    assert seen.look() == ["a"]
    [aside] = tmp_path.glob("state.json.broken-*")
    assert aside.read_bytes() == body
    assert "cannot be understood" in seen.said[0]
    assert json.loads(state.read_bytes())["files"][0]["offset"] == 2


@pytest.mark.parametrize(
    "change",
    [
        {"offset": -5, "window": 0},
        {"offset": 2**63, "window": 0},
        {"window": -3},
        {"window": 99_999_999_999},
        {"encoding": "nonsense"},
    ],
)
def test_a_state_file_with_a_position_that_cannot_be_is_set_aside_and_told(watch, tmp_path, change):
    log, state = tmp_path / "a.log", tmp_path / "state.json"
    log.write_text("one\ntwo\n")
    first = watch(log, state=state)
    assert first.look() == ["one", "two"]
    first.end()
    kept = json.loads(state.read_bytes())
    kept["files"][0] |= change
    state.write_text(json.dumps(kept))

    seen = watch(log, state=state)

    assert seen.look() == ["one", "two"]
    assert "cannot be understood" in seen.said[0]


def test_a_state_file_that_cannot_be_written_is_advice(tmp_path):
    (tmp_path / "file").write_text("")

    with pytest.raises(StateError, match="--no-state"):
        Positions(tmp_path / "file" / "state.json").__enter__()


def test_the_state_file_holds_no_line_of_a_log(watch, tmp_path):
    (tmp_path / "a.log").write_text("a secret\n")
    watch(tmp_path / "a.log", state=tmp_path / "s.json").look()

    assert b"secret" not in (tmp_path / "s.json").read_bytes()


# --- encodings -------------------------------------------------------------------------------

LINES = ["2026-11-30 21:00:00 ERROR Grüße", "2026-11-30 21:00:01 WARN zwei Ċ 漢字", ""]
MARKED = {
    "utf-8": b"\xef\xbb\xbf",
    "utf-16-le": b"\xff\xfe",
    "utf-16-be": b"\xfe\xff",
    "utf-32-le": b"\xff\xfe\0\0",
    "utf-32-be": b"\0\0\xfe\xff",
}


def texts_of(data, step=7, **options):
    splitter = Splitter("x", **options)
    rows: list[Row] = []
    for start in range(0, len(data), step):
        rows += splitter.feed(data[start : start + step])
    rows += splitter.finish()
    assert data[splitter.offset :].strip(b"\0") in {b"", *MARKED.values()}
    return [row.text for row in rows]


@pytest.mark.parametrize("step", [1, 2, 3, 1000])
@pytest.mark.parametrize("is_marked", [True, False])
@pytest.mark.parametrize("encoding", MARKED)
def test_an_encoding_is_known_by_its_mark_or_its_nuls(encoding, is_marked, step):
    mark = MARKED[encoding] if is_marked else b""
    data = mark + "\r\n".join(LINES).encode(encoding)

    assert texts_of(data, step) == LINES[:2]


@pytest.mark.parametrize("encoding", MARKED)
def test_a_followed_file_of_any_encoding_goes_on_after_a_restart(watch, tmp_path, encoding):
    path, state = tmp_path / "u.log", tmp_path / "s" / "state.json"
    path.write_bytes(MARKED[encoding] + "eins\r\n".encode(encoding))
    first = watch(tmp_path, state=state)
    assert first.look() == ["eins"]
    first.end()
    with path.open("ab") as file:
        file.write("zwei ö\r\n".encode(encoding))

    assert watch(tmp_path, state=state).look() == ["zwei ö"]


@given(
    st.lists(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1), min_size=1),
    st.data(),
)
def test_any_text_with_a_mark_comes_back_whatever_the_chunks(lines, data):
    encoding = data.draw(st.sampled_from(sorted(MARKED)))
    body = MARKED[encoding] + "".join(f"{line}\n" for line in lines).encode(encoding)

    assert texts_of(body, data.draw(st.integers(1, 9))) == [line.lstrip("\ufeff") for line in lines]


@given(st.binary(), st.integers(1, 9))
def test_any_bytes_are_rows_and_every_byte_is_counted(data, step):
    texts_of(data, step)


@pytest.mark.parametrize("mark", MARKED.values())
def test_a_file_of_nothing_but_a_mark_has_no_line(mark):
    splitter = Splitter("x")

    assert [*splitter.feed(mark), *splitter.finish()] == []


def test_a_mark_in_the_middle_is_no_character_of_the_line():
    assert texts_of(b"one\n\xef\xbb\xbf{}\n") == ["one", "{}"]


def test_bytes_that_are_no_text_are_shown_and_told():
    told = []
    splitter = Splitter("x", on_undecodable=lambda *what: told.append(what))

    assert [row.text for row in splitter.feed(b"good\nf\xfcnf\n")] == ["good", "f\\xfcnf"]
    assert told == [("x", 2, "utf-8")]


def test_an_encoding_that_is_named_is_used_but_a_mark_is_stronger():
    assert texts_of("Grüße\n".encode("latin-1"), default=check_encoding("latin-1")) == ["Grüße"]
    assert texts_of("漢字 ö\n".encode("gb18030"), default="gb18030") == ["漢字 ö"]
    assert texts_of(b"\xef\xbb\xbf" + "Grüße\n".encode(), default="latin-1") == ["Grüße"]
    assert texts_of("eins\nzwei\n".encode("utf-16-le"), default=check_encoding("utf-16")) == [
        "eins",
        "zwei",
    ]


@pytest.mark.parametrize("name", ["no-such", "base64", "rot13", "unicode_escape", "punycode", ""])
def test_what_is_no_encoding_of_lines_is_refused(name):
    with pytest.raises(EncodingError):
        check_encoding(name)


@pytest.mark.parametrize(
    "head",
    [
        b"\x89PNG\r\n\x1a\n\0\0",
        b"\x7fELF\x02\x01\x01\0",
        b"SQLite format 3\0",
        b"BZh91",
        b"abc\0defgh\0\0x\n",
    ],
)
def test_what_is_no_text_is_known(head):
    assert encoding_of(head) is None


def test_a_line_that_is_too_long_is_no_text_and_the_next_one_is():
    data = b"x" * (MAX_LINE_BYTES + 5) + b"\nshort\n"

    assert texts_of(data, 65536) == [None, "short"]


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("app.log", "app"),
        ("app-2026-11-30.log", "app"),
        ("app.log.1", "app"),
        ("messages", "messages"),
    ],
)
def test_the_stem_of_a_name_is_what_rotation_leaves(name, stem):
    assert stem_of(name) == stem
    assert are_related(name, f"{stem}.log.7")
    assert not are_related(name, "other.log")
