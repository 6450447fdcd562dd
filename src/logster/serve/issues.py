"""How issues learn of errors: what the listener is given, put together.

In: the parts of a worker. Out: a `Listener` for the drain.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from logster.notice import Listener
from logster.store.issues import StoredErrors
from logster.track.issues import Issues
from logster.track.listener import IssueListener

if TYPE_CHECKING:
    from logster.meta.meta import Meta
    from logster.store.engine import Engine


def listen_for_issues(meta: Meta, engine: Engine) -> Listener:
    """Who makes issues of the errors that were stored."""
    listener = IssueListener(Issues(meta.database), StoredErrors(engine))
    return Listener("issues", listener.hear)
