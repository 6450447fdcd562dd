"""What a spool says it holds is what is in its file, whatever was done to it in any order."""

import asyncio
import contextlib
import shutil
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from logster.spool.quarantine import drop_aside, list_aside, replay_aside
from logster.spool.queue import Block
from logster.spool.schema import connect
from logster.spool.spool import Spool
from logster.spool.state import look_into
from logster.spool.tally import read_tally
from support.examples import examples
from support.memory import find_memory

NAME = "spool-00"
#: An owner that is no key of anybody: what was put back by a person.
NOBODY = 0


def pack(items):
    body = "".join(items).encode()
    return Block(len(items), body, 3 * len(body))  # as if it compressed well


class Model:
    """The plain model: blocks that wait, a claim of the first of them, blocks aside."""

    def __init__(self):
        self.blocks = []  # (events, bytes, {owner: bytes})
        self.claimed = 0
        self.aside = []

    @property
    def sums(self):
        held: dict[int, int] = {}
        for _, _, shares in self.blocks:
            for owner, size in shares.items():
                held[owner] = held.get(owner, 0) + size
        return (
            sum(events for events, _, _ in self.blocks),
            sum(size for _, size, _ in self.blocks),
            {owner: size for owner, size in held.items() if size},
        )


class SpoolMachine(RuleBasedStateMachine):
    """Everything that changes what a spool holds."""

    spool: Any = None
    #: By another process; the owner of the file sees it with its next change.
    is_settled_elsewhere = False

    @initialize()
    def open_first(self):
        self.root = Path(tempfile.mkdtemp(dir=find_memory()))
        self.folder = self.root / "0"
        self.folder.mkdir()
        self.loop = asyncio.new_event_loop()
        self.model = Model()
        self.open()

    def open(self):
        self.spool = Spool(self.folder / f"{NAME}.sqlite", pack=pack, max_bytes=1 << 30)
        self.claim: Any = None
        self.is_settled_elsewhere = False

        async def start():
            self.spool.start()

        self.run(start())

    def run(self, step):
        return self.loop.run_until_complete(step)

    def change(self, step):
        """A step of the owner of the file."""
        self.is_settled_elsewhere = False
        return self.run(step)

    @rule(sizes=st.lists(st.integers(1, 40), min_size=1, max_size=4), owner=st.integers(1, 3))
    def append(self, sizes, owner):
        for size in sizes:
            self.change(self.spool.append("x" * size, size, owner=owner))
            self.model.blocks.append((1, 3 * size, {owner: 3 * size}))

    @rule(sizes=st.lists(st.integers(1, 40), min_size=2, max_size=4))
    def append_together(self, sizes):
        """Items of several owners in one group commit; how they are grouped is not known."""

        async def append_all():
            self.spool._writer._wanted = len(sizes)
            await asyncio.gather(
                *(
                    self.spool.append("x" * size, size, owner=owner)
                    for owner, size in enumerate(sizes, start=1)
                )
            )

        self.change(append_all())
        for owner, part in enumerate(sizes, start=1):
            self.model.blocks.append((1, 3 * part, {owner: 3 * part}))

    @rule(max_bytes=st.integers(1, 300))
    def take(self, max_bytes):
        claim = self.change(self.spool.take(max_bytes, 100))
        assert (claim is None) == (not self.model.blocks)
        if claim is not None:
            count = 0
            while sum(events for events, _, _ in self.model.blocks[:count]) < claim.events:
                count += 1
            assert not self.model.claimed or self.model.claimed == count
            self.model.claimed = count
        self.claim = claim

    @precondition(lambda self: self.claim)
    @rule()
    def forget(self):
        self.change(self.spool.forget(self.claim))
        self.settle_claim()

    @precondition(lambda self: self.model.blocks)
    @rule(sizes=st.lists(st.integers(1, 40), max_size=3))
    def set_aside(self, sizes):
        self.take(300)
        refused = [(Block(1, b"y" * size, 2 * size), "no such type") for size in sizes]
        self.change(self.spool.set_aside(self.claim, refused))
        self.model.aside += [(1, 2 * size) for size in sizes]
        self.settle_claim()

    @precondition(lambda self: self.model.blocks)
    @rule(sizes=st.lists(st.integers(1, 40), min_size=2, max_size=2))
    def take_apart(self, sizes):
        """What the store does not take whole is claimed in halves, down to parts of one block."""
        self.take(300)
        while len(self.claim.bodies) > 1:
            self.change(self.spool.narrow(self.claim))
            self.model.claimed = 0
            self.take(300)
        share: Counter[int] = Counter()  # one block may hold what was appended together
        for _, _, part in self.model.blocks[: self.model.claimed]:
            share.update(part)
        counts = [self.claim.events - 1, 1] if self.claim.events > 1 else [1]
        halves = list(zip(counts, sizes, strict=False))
        parts = [Block(count, b"z" * size, size) for count, size in halves]
        self.change(self.spool.replace(self.claim, parts))
        self.settle_claim()
        for count, size in halves:
            scaled = {owner: size * part // share.total() for owner, part in share.items()}
            scaled[next(iter(share))] += size - sum(scaled.values())
            self.model.blocks.append((count, size, {k: v for k, v in scaled.items() if v}))

    def settle_claim(self):
        del self.model.blocks[: self.model.claimed]
        self.model.claimed = 0
        self.claim = None

    @precondition(lambda self: self.model.aside)
    @rule()
    def replay(self):
        """By another process: it has its own connection."""
        assert replay_aside(self.folder, NAME, self.first_aside())
        events, size = self.model.aside.pop(0)
        self.is_settled_elsewhere = True
        self.model.blocks.append((events, size, {NOBODY: size}))

    @precondition(lambda self: self.model.aside)
    @rule()
    def drop(self):
        assert drop_aside(self.folder, NAME, self.first_aside())
        del self.model.aside[0]

    def first_aside(self):
        return list_aside(self.folder)[NAME][0].number

    @rule()
    def reopen(self):
        self.run(self.spool.close())
        self.open()

    @rule()
    def crash(self):
        """What a kill leaves is opened; the old one goes on in files that nobody looks at."""
        self.leave_as_killed()
        self.open()

    @rule()
    def adopt(self):
        """Another worker drains what a killed one left."""
        self.leave_as_killed()
        self.open()
        while claim := self.change(self.spool.take(500, 100)):
            self.change(self.spool.forget(claim))
        self.model.blocks, self.model.claimed = [], 0

    def leave_as_killed(self):
        left = self.root / str(int(self.folder.name) + 1)
        shutil.copytree(self.folder, left)
        self.run(self.spool.close())
        self.folder = left

    @invariant()
    def says_what_is_there(self):
        if self.spool is None:
            return
        with contextlib.closing(connect(self.spool.path, is_reader=True)) as database:
            tally = read_tally(database)
        assert (tally.events, tally.bytes, tally.held) == self.model.sums
        assert look_into(self.spool.path).aside_events == len(self.model.aside)
        state = self.spool.state
        assert min(state.events, state.bytes, *self.spool.held.values(), 0) == 0
        if not self.is_settled_elsewhere:
            assert (state.events, state.bytes, self.spool.held) == self.model.sums

    def teardown(self):
        self.run(self.spool.close())
        self.loop.close()
        shutil.rmtree(self.root)


TestSums = SpoolMachine.TestCase
TestSums.settings = examples(0.5, stateful_step_count=25)
