"""How issues learn of errors: what the listener is given, put together.

In: the parts of a worker. Out: a `Listener` for the drain.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from logster.notice import Listener
from logster.store.issues import StoredErrors
from logster.track.frames.read import read_chain
from logster.track.issues import Issues
from logster.track.listener import IssueListener

if TYPE_CHECKING:
    from logster.event import Event
    from logster.meta.meta import Meta
    from logster.store.engine import Engine
    from logster.track.chain import Chain


def listen_for_issues(meta: Meta, engine: Engine) -> Listener:
    """Who makes issues of the errors that were stored."""
    listener = IssueListener(
        Issues(meta.database),
        StoredErrors(engine),
        read_chain=_read_chain,
        explain=lambda _: [],
    )
    return Listener("issues", listener.hear)


def _read_chain(event: Event) -> Chain | None:
    return read_chain(event.stack_trace or event.exception or "")
