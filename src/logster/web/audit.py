"""Who did what cannot be undone: lines of the server's log, `INFO logster.audit: …`.

In: the caller's name and what they did. Out: a line, whatever the level of the other loggers.
Promise: every change of who may do what is told, and every log-in, a refused one too; texts
from outside are names that were checked when they were made, or quoted; no secret.
"""

import logging

from logster.meta.sharing import Kept
from logster.web.access import Principal

AUDIT = logging.getLogger("logster.audit")
AUDIT.setLevel(logging.INFO)


def audit_shared(principal: Principal, what: str, kept: Kept) -> None:
    """Tell that something was put, or changed, before the eyes of the whole workspace."""
    if kept.is_shared:
        AUDIT.info("%s shared the %s %d %r", principal.name, what, kept.id, kept.name)


def audit_removed(principal: Principal, what: str, removed: Kept) -> None:
    """Tell that something was taken from before the eyes of the whole workspace."""
    if removed.is_shared:
        AUDIT.info("%s removed the shared %s %d %r", principal.name, what, removed.id, removed.name)
