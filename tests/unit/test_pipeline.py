"""What happens to a batch between the intake and the spool."""

from typing import Any

import pytest

from logster.event import NS_PER_MS, Columns
from logster.ids import IdMaker, ms_of_id
from logster.ingest.normalize import DAY_NS
from logster.pipeline import Pipeline


class RecordingSpool:
    """Keeps what is appended, and has room for all of it."""

    max_bytes = 1 << 30
    held_bytes = 0

    def __init__(self):
        self.appended = []

    def held_by(self, _owner):
        return 0

    async def append(self, batch, size, receipt=None, *, owner, once):
        assert once is None
        self.appended.append((batch, size, receipt, owner))


@pytest.fixture
def spool() -> Any:
    return RecordingSpool()


def pipeline_to(spool, days=30):
    return Pipeline(spool, IdMaker(0), retention_days=lambda: days)


def columns_of(*messages):
    return Columns(message=list(messages), severity=[2] * len(messages))


def stamp(pipeline, columns):
    return pipeline.stamp(columns, workspace=7, key=9, protocol="api_log")


def test_a_batch_has_what_the_server_knows_and_is_normalized(spool):
    batch = stamp(pipeline_to(spool), columns_of("a", "b"))

    assert (batch.workspace, batch.key, batch.protocol) == (7, 9, "api_log")
    assert len(set(batch.ids)) == 2
    assert ms_of_id(batch.ids[0]) >= batch.received_at // NS_PER_MS
    assert batch.columns.timestamp == [batch.received_at] * 2


def test_every_batch_passes_the_steps_in_their_order(spool):
    pipeline = pipeline_to(spool)
    passed = []
    pipeline._steps = (
        lambda batch: passed.append(("first", batch.ids)),
        lambda batch: passed.append(("second", batch.ids)),
    )

    batch = stamp(pipeline, columns_of("a"))
    assert passed == [("first", batch.ids), ("second", batch.ids)]


@pytest.mark.parametrize(("days", "is_believed"), [(10, False), (30, True)])
def test_the_retention_of_the_moment_decides_which_times_are_believed(spool, days, is_believed):
    columns = columns_of("a")
    sent_at = stamp(pipeline_to(spool), columns).received_at - 20 * DAY_NS
    columns.timestamp = [sent_at]

    batch = stamp(pipeline_to(spool, days), columns)
    assert (batch.columns.timestamp == [sent_at]) == is_believed


async def test_a_batch_is_appended_for_its_key_with_its_receipt(spool):
    pipeline = pipeline_to(spool)
    batch = stamp(pipeline, columns_of("a", "b"))
    await pipeline.accept(batch, 50, receipt=lambda _: (b"digest", b"answer"))

    [(appended, size, receipt, owner)] = spool.appended
    assert appended is batch
    assert size > 50  # each row takes something beside its text
    assert (receipt, owner) == ((b"digest", b"answer"), 9)
