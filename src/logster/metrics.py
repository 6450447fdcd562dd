"""A counter and a timer per step of the way, outcomes by reason, and the /metrics text.

Every process of the server writes its values into files of one folder
(prometheus_client's multiprocess mode), so that any worker can answer for all.
`PROMETHEUS_MULTIPROC_DIR` must be set before this module is imported; `server` sets it
for the processes it starts.
"""

from __future__ import annotations

import os

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
    multiprocess,
)

CONTENT_TYPE = CONTENT_TYPE_LATEST

_SHORT_WAITS_S = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_GROUP_SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 1024)

#: Every event has exactly one outcome; what arrives = the sum over all outcomes.
EVENTS = Counter(
    "logster_events_total",
    "Events by outcome: accepted, repeated (stored before), filtered, or rejected with a reason; "
    "refused and limited count bodies that were turned away whole; of sockets events, and what "
    "was lost on the way to them.",
    ["protocol", "outcome", "reason"],
)
SKIPPED = Counter(
    "logster_skipped_items_total",
    "What arrived beside events and is not kept, such as the transactions of Sentry's clients.",
    ["protocol", "kind"],
)
REQUESTS = Counter(
    "logster_requests_total",
    "Ingestion requests; of protocol http, what was no whole request.",
    ["protocol", "status"],
)
BODY_BYTES = Counter(
    "logster_body_bytes_total", "Bytes of ingestion bodies, before decompression.", ["protocol"]
)
SOCKET_CONNECTIONS = Counter(
    "logster_socket_connections_total",
    "Connections to sockets beside HTTP: opened, or failed (TLS).",
    ["protocol", "outcome"],
)
UNKEPT = Counter(
    "logster_unkept_bodies_total",
    "Refused bodies that are not kept to be looked at: too many, or no room.",
)
REPLAYED = Counter("logster_replayed_requests_total", "Resends answered from their first receipt.")
COMMIT_S = Histogram("logster_commit_seconds", "One group commit.", buckets=_SHORT_WAITS_S)
COMMIT_REQUESTS = Histogram(
    "logster_commit_requests", "Requests that share one group commit.", buckets=_GROUP_SIZES
)
INSERT_S = Histogram("logster_insert_seconds", "One insert into the store.", buckets=_SHORT_WAITS_S)
INSERTED = Counter("logster_inserted_events_total", "Events handed to the store.")
INSERT_FAILURES = Counter("logster_insert_failures_total", "Failed inserts.", ["reason"])
ASIDE = Counter("logster_set_aside_events_total", "Events the store refused, kept aside.")
SPOOL_EVENTS = Gauge(
    "logster_spool_events",
    "Accepted events not yet in the store.",
    ["spool"],
    multiprocess_mode="livemostrecent",
)
SPOOL_BYTES = Gauge(
    "logster_spool_bytes",
    "Bytes of accepted events not yet in the store.",
    ["spool"],
    multiprocess_mode="livemostrecent",
)
SPOOL_AGE_S = Gauge(
    "logster_spool_age_seconds",
    "Age of the oldest event not yet in the store.",
    ["spool"],
    multiprocess_mode="livemostrecent",
)
SPOOL_FAULTY = Gauge(
    "logster_spool_faulty",
    "1 for a spool that cannot be drained, or whose file is gone; the log says why.",
    ["spool"],
    multiprocess_mode="livemostrecent",
)
SPOOL_ASIDE = Gauge(
    "logster_spool_aside_events",
    "Events that are set aside now, for a person.",
    ["spool"],
    multiprocess_mode="livemostrecent",
)
SPOOL_LOST = Gauge(
    "logster_spool_lost_events",
    "Acknowledged events that a damaged spool has lost, until a person has seen it.",
    ["spool"],
    multiprocess_mode="livemostrecent",
)
FAULT = Gauge(
    "logster_fault",
    "1 while something is wrong; /health/ready and the log say what, and what to do.",
    ["part", "cause"],
    multiprocess_mode="livemax",
)
STORE_DAMAGED = Gauge(
    "logster_store_damaged_parts",
    "Parts of the store that cannot be read, or that the engine has set aside.",
    ["kind"],
    multiprocess_mode="livemostrecent",
)
PENDING_BYTES = Gauge(
    "logster_pending_bytes",
    "Bodies held in memory.",
    multiprocess_mode="livesum",
)
LIVE_STREAMS = Gauge("logster_tail_viewers", "Live tails open now.", multiprocess_mode="livesum")


_pending: dict[tuple[Counter, tuple[str, ...]], int] = {}


def count(counter: Counter, *labels: str, by: int = 1) -> None:
    """Count on the hot path: a dict entry now, the shared file at the next `flush`.

    Only for the thread of the event loop.
    """
    key = (counter, labels)
    _pending[key] = _pending.get(key, 0) + by


def flush() -> None:
    """Write down what was counted; in the thread of the event loop, every second."""
    for (counter, labels), amount in _pending.items():
        (counter.labels(*labels) if labels else counter).inc(amount)
    _pending.clear()


def render_metrics() -> bytes:
    """All processes' values in Prometheus' text format."""
    registry = CollectorRegistry()
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]  # same
        return generate_latest(registry)
    return generate_latest()
