"""One module per wire format; each gives the same parts (see `ingest/protocol.py`)."""

from logster.ingest.protocols import text
from logster.ingest.protocols.native import api_log
from logster.ingest.protocols.seq import dialect as seq

#: All of them; in which order they are listed means nothing.
PROTOCOLS = (
    api_log.PROTOCOL,
    seq.PROTOCOL,
    text.PROTOCOL,
)
