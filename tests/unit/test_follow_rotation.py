"""Following through every rotation: real files, a hand-turned clock, a model of what was written.

The model knows of each line whether it must arrive (it was in reach of a look) or may (it was
removed before one), and how often it may arrive again (once for each kill between its sending
and its position). A line is sent whole, once, and in the order of its file.
"""

from __future__ import annotations

import gzip
import shutil
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from logster.follow.decisions import COPY_REST_S, LATE_S
from logster.follow.follower import Follower
from logster.follow.positions import Positions
from support.examples import examples
from support.memory import find_memory

SIZES = st.integers(0, 30)


class Quiet:
    """Hears notes and keeps them."""

    def __init__(self):
        self.told = []

    def skip(self, path, why):
        self.told.append((path.name, why))

    def unreadable(self, path, why):
        self.told.append((path.name, why))

    def undecodable(self, source, line, encoding):
        self.told.append((source, line, encoding))


class Generation:
    """What one program wrote into one file, from its first byte to its end."""

    def __init__(self, number, path):
        self.number = number
        self.path = path
        self.lines = []
        self.partial = self.started = ""
        self.began = {}
        #: Whether the follower can know it: it sent and noted something of it.
        self.committed = set()


class Machine(RuleBasedStateMachine):
    """Writers, rotations and a follower that is looked through, killed and started again."""

    is_folder = True

    def __init__(self):
        super().__init__()
        self.root = Path(tempfile.mkdtemp(prefix="logster-follow-", dir=find_memory()))
        self.logs = self.root / "logs"
        (self.logs / "archive").mkdir(parents=True)
        self.now = 1000.0
        self.count = 0
        self.generations = []
        self.written = set()
        self.must = set()
        self.again = {}
        self.torn = set()
        self.delivered = []
        self.waiting = []
        self.positions: Any = None
        self.follower: Any = None
        self.steps = []
        self.copied = {}

    # -- the follower -------------------------------------------------------------------------

    @initialize()
    def begin(self):
        self.active = self.generation(self.logs / "app.log")
        self.start()

    def start(self):
        self.positions = Positions(self.root / "state.json", print).__enter__()
        target = self.logs if self.is_folder else self.logs / "app.log"
        self.follower = Follower([target], self.positions, Quiet(), clock=lambda: self.now)

    def end(self):
        self.follower.close()
        self.positions.__exit__()
        self.follower = None
        for each in self.generations:
            # A file that is out of sight is found again by what is known of it, if anything is.
            if not self.is_folder and each is not self.active and not each.committed:
                self.must -= set(each.lines)

    @property
    def is_running(self):
        return self.follower is not None

    def look(self):
        for row in self.follower.look():
            self.waiting.append(row)
            if row.number:
                self.delivered.append(row.text)

    def commit(self):
        places = {row.place.reader.id: row.place for row in self.waiting if row.place}
        self.positions.record(place.position for place in places.values())
        sent = {row.text for row in self.waiting}
        for each in self.generations:
            each.committed |= sent & set(each.lines)
        self.waiting = []

    @precondition(lambda self: self.is_running)
    @rule()
    def look_and_commit(self):
        self.look()
        self.commit()

    @precondition(lambda self: self.is_running)
    @rule()
    def look_only(self):
        self.look()

    @precondition(lambda self: self.is_running)
    @rule()
    def stop(self):
        self.look()
        self.commit()
        self.end()

    @precondition(lambda self: self.is_running)
    @rule()
    def kill(self):
        for row in self.waiting:
            self.again[row.text] = self.again.get(row.text, 0) + 1
        self.waiting = []
        self.end()

    @precondition(lambda self: not self.is_running)
    @rule()
    def start_again(self):
        self.start()

    @rule(seconds=st.sampled_from([0.3, COPY_REST_S + 1]))
    def pass_time(self, seconds):
        self.now += seconds

    # -- writers ------------------------------------------------------------------------------

    def generation(self, path, lines=()):
        for each in self.generations:
            if each.path == path:
                self.leave(each, is_gone=True)
        made = Generation(len(self.generations), path)
        self.generations.append(made)
        self.write(path, "", "wb")
        for size in lines:
            self.add(made, size)
        return made

    def write(self, path, text, mode="ab"):
        with path.open(mode) as file:
            file.write(text.encode())

    def text(self, generation, size):
        self.count += 1
        return f"{generation.number:04}.{self.count:05}{'x' * size}"

    def add(self, generation, size):
        whole = generation.partial or self.text(generation, size)
        rest = whole.removeprefix(generation.started)
        self.write(generation.path, rest + "\n")
        generation.partial = generation.started = ""
        generation.lines.append(whole)
        self.written.add(whole)
        if self.is_in_reach(generation):
            self.must.add(whole)

    def is_in_reach(self, generation):
        """Whether whoever follows will look at this file again."""
        if self.is_folder or generation.path == self.logs / "app.log":
            return True
        if generation.path.parent != self.logs:
            return False
        return self.is_running and self.is_open(generation)

    def is_open(self, generation):
        stat = generation.path.stat()
        return (stat.st_dev, stat.st_ino) in self.follower._files.opened

    @rule(sizes=st.lists(SIZES, min_size=1, max_size=4))
    def append(self, sizes):
        for size in sizes:
            self.add(self.active, size)

    @rule(size=SIZES)
    def begin_a_line(self, size):
        if not self.active.partial:
            whole = self.text(self.active, size + 2)
            self.active.partial, self.active.started = whole, whole[:-2]
            self.active.began[whole] = self.active.started
            self.write(self.active.path, self.active.started)

    @rule(size=SIZES, data=st.data())
    def write_late(self, size, data):
        late = [each for each in self.generations if each.path and each is not self.active]
        if late:
            self.add(data.draw(st.sampled_from(late)), size)

    # -- rotations ----------------------------------------------------------------------------

    def leave(self, generation, *, is_gone):
        """The lines of a file that goes out of reach: those not yet safe may be lost."""
        if generation.partial:
            self.torn.add(generation.started)
        if is_gone:
            # A line whose end no look could see was what had been seen of it.
            self.torn |= {
                start for whole, start in generation.began.items() if whole not in self.delivered
            }
            self.must -= set(generation.lines) - generation.committed
            generation.path = None

    def free_name(self, folder="", pattern="app.log.{}"):
        self.count += 1
        return self.logs / folder / pattern.format(self.count)

    @rule(creates=st.sampled_from([(), (3,), (0, 5)]), folder=st.sampled_from(["", "archive"]))
    def rotate_by_renaming(self, creates, folder):
        old = self.active
        name = self.free_name(folder)
        if not self.is_folder:
            is_known = (self.is_running and self.is_open(old)) or (old.committed and not folder)
            if not is_known:
                self.leave(old, is_gone=True)
            if folder and not self.is_running:
                self.must -= set(old.lines) - old.committed
        (self.logs / "app.log" if not self.is_folder else old.path).rename(name)
        old.path = name
        self.torn.add(old.started)
        self.active = self.generation(self.logs / "app.log", creates)

    @precondition(lambda self: self.is_folder)
    @rule(creates=st.sampled_from([(3,), (0, 5)]))
    def go_on_in_a_dated_file(self, creates):
        self.active = self.generation(self.free_name(pattern="app-2026-{}.log"), creates)

    @rule(
        folder=st.sampled_from(["", "archive"]),
        refill=st.lists(SIZES, max_size=5),
        is_over=st.booleans(),
        looks=st.booleans(),
    )
    def copy_and_truncate(self, folder, refill, is_over, looks):
        old, path = self.active, self.active.path
        # A script with one copy writes it over the last one, into the same file.
        name = self.logs / folder / "app.log.last" if is_over else self.free_name(folder)
        if name in self.copied:
            gone = self.copied[name]
            self.must -= set(gone.lines) - gone.committed
            self.torn |= set(gone.began.values())
        self.copied[name] = old
        shutil.copyfile(path, name)
        # Of two files that are new in one look, none is the other's copy.
        if looks and self.is_running and old.committed and self.is_open(old):
            self.look()
        is_kept = self.is_folder or (not folder and bool(old.committed))
        self.leave(old, is_gone=not is_kept)
        old.path = None
        self.write(path, "", "wb")
        self.active = self.generation(path, refill)
        if not is_kept or self.is_running:
            return
        if not self.is_folder and not old.committed:
            self.must -= set(old.lines)

    @rule(sizes=st.lists(SIZES, max_size=6))
    def truncate_and_refill(self, sizes):
        path = self.active.path
        self.leave(self.active, is_gone=True)
        self.active = self.generation(path, sizes)

    @rule()
    def rewrite_to_the_same_size(self):
        sizes = [len(line) - 10 for line in self.active.lines]
        path = self.active.path
        self.leave(self.active, is_gone=True)
        self.active = self.generation(path, sizes)

    @rule(sizes=st.lists(SIZES, max_size=3))
    def delete_and_recreate(self, sizes):
        path = self.active.path
        self.leave(self.active, is_gone=True)
        path.unlink()
        self.active = self.generation(path, sizes)

    @rule(sizes=st.lists(SIZES, max_size=3))
    def replace_by_a_longer_copy(self, sizes):
        """As rsync does: the same lines and more, in a file of its own that takes the name."""
        fresh = self.root / "fresh"
        shutil.copy(self.active.path, fresh)
        fresh.rename(self.active.path)
        for size in sizes:
            self.add(self.active, size)

    @precondition(lambda self: self.is_folder)
    @rule()
    def make_a_backup(self):
        """A copy that stays beside its original is a file of its own after a while."""
        shutil.copy(self.active.path, self.free_name(pattern="app.{}.bak"))
        for text in (*self.active.lines, self.active.started):
            self.again[text] = self.again.get(text, 0) + 1
        self.torn.add(self.active.started)

    @rule(data=st.data())
    def compress(self, data):
        old = [each for each in self.generations if each.path and each is not self.active]
        if old:
            chosen = data.draw(st.sampled_from(old))
            Path(f"{chosen.path}.gz").write_bytes(gzip.compress(chosen.path.read_bytes()))
            chosen.path.unlink()
            self.leave(chosen, is_gone=True)

    # -- what must hold -----------------------------------------------------------------------

    def teardown(self):
        try:
            if not self.generations:
                return
            if not self.is_running:
                self.start()
            for seconds in (0.3, 0.3, COPY_REST_S + 1, 0.3, LATE_S + 1, 0.3):
                self.look()
                self.commit()
                self.now += seconds
            self.check()
        finally:
            if self.is_running:
                self.end()
            shutil.rmtree(self.root)

    def check(self):
        counts = {text: self.delivered.count(text) for text in self.delivered}
        lost = self.must - counts.keys()
        assert not lost, f"lost {lost}"
        strange = counts.keys() - self.written - self.torn
        assert not strange, f"pieces {strange}"
        twice = {
            text: count
            for text, count in counts.items()
            if count > 1 + self.again.get(text, 0) and text not in self.torn
        }
        assert not twice, f"sent again {twice}"
        for each in self.generations:
            first = [self.delivered.index(text) for text in each.lines if text in counts]
            if not any(text in self.again for text in each.lines):
                assert first == sorted(first), "out of order"


class FileMachine(Machine):
    """The same for a file that is followed by its name."""

    is_folder = False


LONG = examples(0.4, stateful_step_count=30, suppress_health_check=list(HealthCheck))
TestFolder = pytest.mark.timeout(600)(Machine.TestCase)
TestFolder.settings = LONG
TestFile = pytest.mark.timeout(600)(FileMachine.TestCase)
TestFile.settings = LONG
