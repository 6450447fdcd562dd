"""Who did what cannot be undone: lines of the server's log, `INFO logster.audit: …`.

In: a viewer's name and what they did. Out: a line, whatever the level of the other loggers.
Promise: every change of who may do what is told, and every log-in, a refused one too; texts
from outside are names that were checked when they were made, or quoted; no secret.
"""

import logging

from logster.meta.sharing import Kept
from logster.web.access import Viewer

AUDIT = logging.getLogger("logster.audit")
AUDIT.setLevel(logging.INFO)


def audit_shared(viewer: Viewer, what: str, kept: Kept) -> None:
    """Tell that something was put, or changed, before the eyes of the whole workspace."""
    if kept.is_shared:
        AUDIT.info("%s shared the %s %d %r", viewer.name, what, kept.id, kept.name)


def audit_removed(viewer: Viewer, what: str, removed: Kept) -> None:
    """Tell that something was taken from before the eyes of the whole workspace."""
    if removed.is_shared:
        AUDIT.info("%s removed the shared %s %d %r", viewer.name, what, removed.id, removed.name)
