"""One module per wire format; each gives the same parts (see `ingest/protocol.py`)."""

from logster.ingest.protocols import datadog, journald, reports, text
from logster.ingest.protocols.elasticsearch import dialect as elasticsearch
from logster.ingest.protocols.gelf import gelf
from logster.ingest.protocols.loki import dialect as loki
from logster.ingest.protocols.native import api_log
from logster.ingest.protocols.otlp import dialect as otlp
from logster.ingest.protocols.sentry import dialect as sentry
from logster.ingest.protocols.seq import dialect as seq
from logster.ingest.protocols.syslog import syslog

#: All of them; in which order they are listed means nothing.
PROTOCOLS = (
    api_log.PROTOCOL,
    loki.PROTOCOL,
    otlp.PROTOCOL,
    elasticsearch.PROTOCOL,
    datadog.PROTOCOL,
    journald.PROTOCOL,
    seq.PROTOCOL,
    text.PROTOCOL,
    gelf.PROTOCOL,
    syslog.PROTOCOL,
    sentry.PROTOCOL,
    reports.PROTOCOL,
)

#: Those on sockets, by the setting that opens them.
DIALECTS = {"syslog": syslog.DIALECT, "syslog_tls": syslog.DIALECT, "gelf": gelf.DIALECT}
