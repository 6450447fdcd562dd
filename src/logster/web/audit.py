"""Who did what cannot be undone: lines of the server's log, `INFO logster.audit: …`.

In: a viewer's name and what they did. Out: a line, whatever the level of the other loggers.
Promise: texts from outside are names that were checked when they were made; no secret.
"""

import logging

AUDIT = logging.getLogger("logster.audit")
AUDIT.setLevel(logging.INFO)
