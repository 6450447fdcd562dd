"""Deterministic, realistic log messages in the native API's form.

About 430 bytes each: real message shapes, 30 applications, about 200 categories, 50,000
users with a few very busy ones, 5 % exceptions with stack traces, three to five properties
of which one is unique. The same seed gives the same rows.
"""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

APPLICATIONS = (
    "orders-api payments-api checkout-web catalog-api search-api identity gateway notifier "
    "billing inventory shipping-api pricing recommender media reports admin-portal mobile-bff "
    "partner-hub fraud-check ledger email-relay sms-relay audit cron importer flags sessions "
    "cdn-purge telemetry legacy-erp"
).split()
COMPONENTS = "Controller Service Repository Client Worker Cache Scheduler".split()
VERBS = "GET GET GET GET POST POST PUT DELETE".split()
PATHS = "/api/orders /api/cart /login /api/users/me /api/search /health /api/payments".split()
SHAPES = (
    (2, "HTTP {verb} {path} responded {status} in {ms} ms for request {hex} from {ip}"),
    (2, "User {user} opened session {hex}; {n} active sessions on node {node}"),
    (1, "Cache miss for key {path}:{hex} in region eu-{node}, loading from the database ({ms} ms)"),
    (2, "Order {n} of customer {user} moved from Pending to Paid, total {n}.{node} EUR, {hex}"),
    (0, "Entering scope {hex} depth {node} with {n} bytes of arguments on thread pool-{node}"),
    (3, "Retrying call to payments.internal:{port} after {ms} ms (attempt {node} of 5): timed out"),
    (2, "Received block blk_{n}{n} of size {n} from /{ip}:{port} and mirrored it to 2 replicas"),
    (3, "Slow query took {ms} ms: SELECT * FROM orders WHERE customer_id = {n} LIMIT {node}"),
    (1, "Scheduler picked job {hex} for queue default, waiting {ms} ms behind {node} others"),
    (4, "Connection to broker {ip}:{port} lost after {n} messages; reconnecting in {ms} ms"),
    (2, "Published event OrderPaid {hex} to {node} subscribers in {ms} ms, partition {node}"),
    (5, "Data directory /var/lib/data-{node} is out of space: {n} bytes needed, shutting down"),
)
SHAPE_WEIGHTS = (30, 12, 10, 10, 6, 6, 8, 4, 6, 3, 5, 0.3)
EXCEPTIONS = (
    "System.InvalidOperationException: Sequence contains no elements (key {n})",
    "System.TimeoutException: The operation timed out after {ms} ms",
    "Npgsql.PostgresException: 40P01: deadlock detected, process {n}",
    "System.Net.Http.HttpRequestException: Connection refused (payments.internal:{port})",
    "System.NullReferenceException: Object reference not set to an instance of an object.",
)
EXCEPTION_SHARE = 0.05
USERS = 50_000


def make_rows(count: int, seed: int = 1, *, end: datetime | None = None) -> Iterator[bytes]:
    """Give `count` messages as JSON, their times spread over the 24 hours before `end`."""
    rng = random.Random(seed)
    start = (end or datetime.now(UTC)) - timedelta(hours=24)
    step = timedelta(hours=24) / count
    for number in range(count):
        row = _make_row(rng)
        row["Timestamp"] = (start + step * number).isoformat(timespec="milliseconds")[:-6] + "Z"
        yield json.dumps(row, separators=(",", ":")).encode()


def _make_row(rng: random.Random) -> dict[str, Any]:
    values = {
        "verb": rng.choice(VERBS),
        "path": rng.choice(PATHS),
        "status": rng.choice((200, 200, 200, 201, 204, 304, 400, 404, 500)),
        "ms": round(rng.lognormvariate(3.6, 1.3), 1),
        "hex": f"{rng.getrandbits(64):016x}",
        "ip": f"10.{rng.randrange(256)}.{rng.randrange(256)}.{rng.randrange(1, 255)}",
        "port": rng.randrange(1024, 65536),
        "n": rng.randrange(10**6),
        "node": rng.randrange(1, 9),
        # A square puts a tenth of all messages on one user in a hundred.
        "user": f"user{int(rng.random() ** 2 * USERS):05}@example.org",
    }
    severity, shape = rng.choices(SHAPES, SHAPE_WEIGHTS)[0]
    application = rng.choice(APPLICATIONS)
    row: dict[str, Any] = {
        "Message": shape.format(**values),
        "Severity": severity,
        "Category": f"{application.title().replace('-', '.')}.{rng.choice(COMPONENTS)}",
        "Application": application,
        "User": values["user"],
        "Properties": {
            "RequestId": f"{rng.getrandbits(128):032x}",
            "DurationMs": values["ms"],
            "Host": f"web-{values['node']:02}",
        },
    }
    if rng.random() < 0.7:
        row["Properties"]["StatusCode"] = values["status"]
    if rng.random() < 0.3:
        row["Properties"]["Path"] = values["path"]
    if rng.random() < EXCEPTION_SHARE:
        row["Severity"] = max(severity, 4)
        row["Exception"] = rng.choice(EXCEPTIONS).format(**values)
        row["StackTrace"] = _make_trace(rng, row["Category"])
    return row


def _make_trace(rng: random.Random, category: str) -> str:
    names = "GetAsync SaveChanges Invoke MoveNext SendAsync Validate Commit Connect".split()
    frames = [
        f"   at Acme.{category}.{rng.choice(names)}({rng.choice(COMPONENTS)} request) "
        f"in /src/{category.replace('.', '/')}.cs:line {rng.randrange(20, 900)}"
        for _ in range(rng.randrange(6, 20))
    ]
    return "\n".join(frames)
