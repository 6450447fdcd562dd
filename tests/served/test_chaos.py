"""Everything breaks at random under load, and every message is accounted for."""

import random

import pytest

from support.chaos import run_chaos

pytestmark = pytest.mark.timeout(400)


def test_whatever_breaks_each_message_is_stored_once_or_refused():
    seed = random.SystemRandom().randrange(10**6)  # printed; `make chaos CHAOS="--seed N"`
    assert run_chaos(30, seed)
