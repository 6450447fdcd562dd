"""What holds for every ring."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Mapping

import pytest
import uvloop
from hypothesis import settings

# How many random examples a test tries: --hypothesis-profile=NAME. A test that needs more or fewer
# says so as a share of them. None has a deadline: a first example may load a library for a second.
settings.register_profile("quick", max_examples=20, deadline=None)
settings.register_profile("whole", max_examples=40, deadline=None)
settings.register_profile("deep", max_examples=2_000, deadline=None)
settings.load_profile("quick")

# A run starts some hundred processes: compiled once, they begin in a third of the time.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False


def pytest_configure() -> None:
    """Heed Ctrl-C, and let what we start heed it: a shell's background jobs begin deaf to it."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Run what is asynchronous on the loop that a worker has."""
    return {"uvloop": uvloop.new_event_loop}


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what may take longest: begun last, it would keep one core waiting."""
    items.sort(key=_patience, reverse=True)


def _patience(item: pytest.Item) -> float:
    mark = item.get_closest_marker("timeout")
    return 0 if mark is None else mark.args[0]
