"""Which spool is whose."""

import os

import pytest

from logster.errors import ConfigError
from logster.spool.slots import MAX_SLOTS, acquire_own_slot


def test_two_workers_never_own_the_same_spool(tmp_path):
    first, second = acquire_own_slot(tmp_path), acquire_own_slot(tmp_path)

    assert (first.number, second.number) == (0, 1)
    first.release()
    third = acquire_own_slot(tmp_path)
    assert third.number == 0
    second.release()
    third.release()


def test_more_workers_than_spools_is_a_clear_error(tmp_path):
    slots = [acquire_own_slot(tmp_path) for _ in range(MAX_SLOTS)]

    with pytest.raises(ConfigError, match="LOGSTER_WORKERS"):
        acquire_own_slot(tmp_path)
    for slot in slots:
        slot.release()


def test_a_damaged_spool_is_left_to_a_person_and_its_worker_takes_the_next(tmp_path):
    (tmp_path / "spool-00.sqlite").write_bytes(os.urandom(8192))

    slot = acquire_own_slot(tmp_path)

    assert slot.number == 1
    slot.release()
