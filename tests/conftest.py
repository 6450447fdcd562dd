"""What holds for every ring."""

import asyncio
import signal
from collections.abc import Callable, Mapping

import pytest
import uvloop
from hypothesis import settings

# A first example may load a library for a second; how fast something is, `make bench` says.
settings.register_profile("logster", deadline=None)
settings.load_profile("logster")


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
