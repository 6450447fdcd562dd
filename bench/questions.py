"""What `make bench-search` asks, in both languages where VictoriaLogs has the same question.

Out: `QUESTIONS`. A `{…}` in them is a sample, another one in each round.

Words and text inside words are ours in any case, and VictoriaLogs' as they are typed unless it is
asked for any case; it is asked in its own quick way, but where the question says otherwise.
"""

from __future__ import annotations

from typing import Any

import msgspec

#: VictoriaLogs gives the newest ones when the answer has a limit.
NEWEST = {"limit": "100"}
DAY = {"start": "24h"}


class Question(msgspec.Struct, frozen=True):
    """A question as its path and parameters; `beside` is VictoriaLogs' query and parameters."""

    name: str
    path: str
    parameters: dict[str, Any]
    beside: tuple[str, dict[str, str]] | None = None


def _newest(q: str) -> dict[str, Any]:
    return {"q": q, "limit": 100}


QUESTIONS = (
    Question("newest 100", "events", _newest(""), ("*", NEWEST)),
    Question(
        "newest 100 of an application",
        "events",
        _newest("application:orders-api"),
        ('{Application="orders-api"}', NEWEST),
    ),
    Question("newest 100 with a common word", "events", _newest("failed"), ("failed", NEWEST)),
    Question(
        "newest 100 of a busy user",
        "events",
        _newest("user:{busy_user}"),
        ('User:="{busy_user}"', NEWEST),
    ),
    Question(
        "newest 100 of a rare user",
        "events",
        _newest("user:{rare_user}"),
        ('User:="{rare_user}"', NEWEST),
    ),
    Question(
        "unique property value",
        "events",
        _newest("RequestId:{request_id}"),
        ('Properties.RequestId:="{request_id}"', NEWEST),
    ),
    Question(
        "count of a common word, any case",
        "stats",
        {"q": "failed | count"},
        ("i(failed) | stats count() n", {}),
    ),
    Question(
        "count of a substring",
        "stats",
        {"q": "message:*{inside}* | count"},
        ('~"{inside}" | stats count() n', {}),
    ),
    Question(
        "count by severity",
        "stats",
        {"q": "| count by severity"},
        ("* | stats by (Severity) count() n", {}),
    ),
    Question(
        "minute x severity of a day",
        "stats",
        {"q": "| count by severity every 1m", "since": "24h"},
        ("* | stats by (_time:1m, Severity) count() n", DAY),
    ),
    Question(
        "top 10 users",
        "stats",
        {"q": "| top 10 user"},
        ("* | top 10 by (User)", {}),
    ),
    Question(
        "avg and p99 by application",
        "stats",
        {"q": "| avg(DurationMs), p99(DurationMs) by application"},
        (
            "* | stats by (Application) avg(Properties.DurationMs), "  # noqa: ISC004 - one query
            "quantile(0.99, Properties.DurationMs)",
            {},
        ),
    ),
    Question("histogram of a day", "histogram", {"since": "24h"}),
    Question("releases of a day", "releases", {"since": "24h"}),
    Question("histogram by application", "histogram", {"since": "24h", "split": "application"}),
    Question("histogram by a property", "histogram", {"since": "24h", "split": "StatusCode"}),
    Question("facets of a day", "facets", {"since": "24h"}),
    Question("facets of an application", "facets", {"q": "application:orders-api", "since": "24h"}),
    Question("fields", "fields", {}),
    Question("patterns", "patterns", {}),
    Question("completion of a value", "complete", {"q": "application:or", "cursor": 14}),
    Question("newest 100, word in traces only", "events", _newest("MoveNext")),
    Question("newest 100, text that is nowhere", "events", _newest("message:*zqxjv*")),
    Question("newest 100, range of a property", "events", _newest("DurationMs>2000")),
    Question("by id", "events/{id}", {}),
)
