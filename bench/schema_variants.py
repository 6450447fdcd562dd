"""Measure forms of the events table: bytes on disk, CPU to store a row, time of each question.

    PYTHONPATH=tests python -m bench.schema_variants [--rows N] [--source FILE] [--only NAME …]

In: messages in the native API's form, one JSON object a line (zstd if it ends in `.zst`);
without `--source` they come from `bench/rows`. Out: a Markdown table, see
docs/decisions/003-events-table.md. A variant is the shipped SQL with some text replaced,
so the figures of `shipped` are those of the product.
"""

from __future__ import annotations

import argparse
import base64
import os
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from bench.rows import make_rows
from logster.store.schema import load_steps
from support.engine import SECRET, engine_process

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.engine import EngineProcess

REPEATS = 3
#: Blocks as large as the drain's largest: larger ones do not fit the engine's memory.
BLOCKS = (
    "max_threads = 1, max_insert_threads = 1, max_block_size = 65536,"
    " max_insert_block_size = 131072, min_insert_block_size_rows = 131072,"
    " min_insert_block_size_bytes = 0"
)
SHIPPED_ORDER = "ORDER BY (workspace, timestamp, id)"
EXTRACTED = "JSONExtractString(properties, 'RequestId') = {value}"
VALUES = "JSONExtractKeysAndValues(properties, 'String').2"
HASH = "reinterpretAsString(toUInt32(cityHash64({name})))"
HASHES = f"arrayMap(v -> {HASH.format(name='v')}, {VALUES})"


class Variant(msgspec.Struct, frozen=True):
    """The shipped table with `replaced` texts; how it takes and asks for properties."""

    name: str
    replaced: tuple[tuple[str, str], ...] = ()
    properties: str = "properties"
    has_property: str = f"has({VALUES}, {{value}}) AND {EXTRACTED}"


def _order(*names: str) -> tuple[tuple[str, str], ...]:
    return ((SHIPPED_ORDER, f"ORDER BY ({', '.join(names)})"),)


def _index(text: str) -> tuple[tuple[str, str], ...]:
    return (("    INDEX by_id ", f"    INDEX {text},\n    INDEX by_id "),)


def _without(*names: str) -> tuple[tuple[str, str], ...]:
    lines = {line.split()[1]: line for line in _shipped_sql().splitlines() if " INDEX " in line}
    return tuple((lines[name] + "\n", "") for name in names)


def _shipped_sql() -> str:
    (step, *_) = load_steps()
    return step.sql


TEXT = "TYPE text(tokenizer = {}, posting_list_codec = 'bitpacking')"
WORDS = TEXT.format("splitByNonAlpha")
WHOLE = TEXT.format("'array'")


def _words(index: str) -> tuple[tuple[str, str], ...]:
    """Other indexes of words; `index` is what they are over and their type, with {name}."""
    return tuple(
        (f"lowerUTF8({name}) {WORDS}", index.format(name=name))
        for name in ("message", "exception", "stack_trace")
    )


BLOOM_FILTERS = (
    *("applications", "categories", "hosts", "traces", "issues"),
    "property_values",
)
PROPERTIES = "properties String CODEC(ZSTD(1))"
VARIANTS = (
    Variant("shipped"),
    Variant(
        "order: hour, application",
        _order("workspace", "toStartOfHour(timestamp)", "application", "timestamp", "id"),
    ),
    Variant(
        "order: hour, application, category",
        _order(
            "workspace", "toStartOfHour(timestamp)", "application", "category", "timestamp", "id"
        ),
    ),
    Variant(
        "milliseconds", (("timestamp DateTime64(9, 'UTC')", "timestamp DateTime64(3, 'UTC')"),)
    ),
    Variant("ZSTD(3)", (("ZSTD(1)", "ZSTD(3)"),)),
    Variant("LZ4", (("ZSTD(1)", "LZ4"),)),
    Variant("plain strings", (("LowCardinality(String)", "String"),)),
    Variant("user: LowCardinality", (("`user` String", "`user` LowCardinality(String)"),)),
    Variant("week partitions", (("toYYYYMMDD(timestamp)", "toMonday(timestamp)"),)),
    Variant("month partitions", (("toYYYYMMDD(timestamp)", "toYYYYMM(timestamp)"),)),
    Variant("no word index", _words("{name} TYPE minmax")),
    Variant("word bloom filter", _words("lower({name}) TYPE tokenbf_v1(32768, 3, 0)")),
    Variant(
        "properties: Map",
        (
            *_without("property_values"),
            (PROPERTIES, "properties Map(String, String) CODEC(ZSTD(1))"),
        ),
        "JSONExtract(properties, 'Map(String, String)')",
        "properties['RequestId'] = {value}",
    ),
    Variant(
        "properties: JSON",
        (*_without("property_values"), (PROPERTIES, "properties JSON CODEC(ZSTD(1))")),
        "if(properties = '', '{}', properties)::JSON",
        "properties.RequestId = {value}",
    ),
    Variant("no filter over property values", _without("property_values"), has_property=EXTRACTED),
    Variant("no bloom filters", _without(*BLOOM_FILTERS), has_property=EXTRACTED),
    Variant(
        "text index over properties",
        _index("property_words properties TYPE text(tokenizer = splitByNonAlpha)"),
        has_property=f"hasAllTokens(properties, {{value}}) AND {EXTRACTED}",
    ),
    Variant(
        "words by a preprocessor",
        _words(f"{{name}} {WORDS[:-1]}, preprocessor = lowerUTF8({{name}}))"),
    ),
    Variant(
        "users: whole names",
        (("`user` TYPE bloom_filter(0.0085) GRANULARITY 1", f"`user` {WHOLE}"),),
    ),
    Variant(
        "property values: text of hashes",
        (
            (
                f"{VALUES} TYPE bloom_filter(0.0085) GRANULARITY 1",
                f"{HASHES} {WHOLE}",
            ),
        ),
        has_property=f"has({HASHES}, {HASH.format(name='{value}')}) AND {EXTRACTED}",
    ),
    Variant(
        "granules of 8192",
        (("index_granularity = 4096", "index_granularity = 8192"),),
    ),
    Variant(
        "stack traces in blocks of a MiB",
        (("(ZSTD(3, 22))", "(ZSTD(3))"), (" = 4194304", " = 1048576")),
    ),
    Variant("indexes: LZ4", (("default_compression_codec = 'ZSTD(1)',", ""),)),
    Variant("bloom filter of ids", _index("ids id TYPE bloom_filter(0.0085) GRANULARITY 1")),
)

NEWEST = (
    "SELECT * FROM {table} WHERE workspace = 1 AND {what}"
    " ORDER BY timestamp DESC, id DESC LIMIT 100"
)
LAST_HOUR = "timestamp >= {end} - INTERVAL 1 HOUR"
DAY = "workspace = 1 AND timestamp >= {end} - INTERVAL 1 DAY"
#: Question -> SQL; {table}, {end} and the samples {value}, {id}, {user}, {word} are filled in.
QUESTIONS = {
    "newest 100": NEWEST.replace("{what}", "1"),
    "…in the last hour": NEWEST.replace("{what}", LAST_HOUR),
    "…of an application": NEWEST.replace("{what}", "application = 'orders-api'"),
    "…of a rare user": NEWEST.replace("{what}", "`user` = {user}"),
    "…common word": NEWEST.replace("{what}", "{common}"),
    "…unique word": NEWEST.replace("{what}", "{unique}"),
    "…rare property": NEWEST.replace("{what}", "{has_property}"),
    "count of a substring": (
        "SELECT count() FROM {table} WHERE workspace = 1 AND lowerUTF8(message) LIKE '%imeou%'"
    ),
    "by id": "SELECT * FROM {table} WHERE workspace = 1 AND id = {id} LIMIT 1",
    "minute x severity, a day": (
        f"SELECT toStartOfMinute(timestamp) AS m, severity, count() FROM {{table}} WHERE {DAY}"
        " GROUP BY m, severity"
    ),
    "count by severity": (
        "SELECT severity, count() FROM {table} WHERE workspace = 1 GROUP BY severity"
    ),
    "top 10 users, a day": (
        f"SELECT `user`, count() AS c FROM {{table}} WHERE {DAY} GROUP BY `user`"
        " ORDER BY c DESC LIMIT 10"
    ),
}


class Bench:
    """One engine process with the rows of the measurement in it."""

    def __init__(self, process: EngineProcess) -> None:
        self._process = process
        self._samples: dict[str, str] = {}

    def run(self, sql: str) -> str:
        """Run a statement as the user who may do everything."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self._process.port}/?use_query_condition_cache=0", sql.encode()
        )
        login = base64.b64encode(f"logster:{SECRET}".encode()).decode()
        request.add_header("Authorization", f"Basic {login}")
        try:
            with urllib.request.urlopen(request) as answer:
                text: str = answer.read().decode()
        except urllib.error.HTTPError as error:
            raise SystemExit(f"{sql}\n{error.read().decode()}") from None
        return text.rstrip("\n")

    def load(self, source: Path, rows: int) -> None:
        """Read the messages once; each variant takes them from this table."""
        self.run(_create("source", Variant("shipped", _words("{name} TYPE minmax"))))
        row = "Timestamp DateTime64(9), Message String, Severity UInt8, "
        row += "Application String, Category String, User String, Exception String, "
        row += "StackTrace String, Properties String"
        self.run(
            "INSERT INTO source (id, timestamp, received_at, severity, message, application,"
            " category, `user`, exception, stack_trace, properties, workspace, key, protocol)"
            " SELECT bitShiftLeft(toUnixTimestamp64Milli(Timestamp) - 1704067200000, 22)"
            " + rowNumberInAllBlocks() % 4096, Timestamp, Timestamp, Severity, Message,"
            " Application, Category, User, Exception, StackTrace, Properties, 1, 1, 'api_log'"
            f" FROM file('{source}', JSONEachRow, '{row}') LIMIT {rows}"
            f" SETTINGS date_time_input_format = 'best_effort', {BLOCKS}"
        )
        one = "FROM source ORDER BY cityHash64(id) LIMIT 1"
        self._samples = {
            "id": self.run(f"SELECT id {one}"),
            "value": _quoted(self.run(f"SELECT JSONExtractString(properties, 'RequestId') {one}")),
            "user": _quoted(self.run(f"SELECT `user` {one}")),
            "end": f"toDateTime64('{self.run('SELECT max(timestamp) FROM source')}', 9, 'UTC')",
            "word": _quoted(self._rare_word()),
        }

    def measure(self, variant: Variant) -> dict[str, str]:
        """Fill a variant's table, ask everything, drop it."""
        self.run(_create("variant", variant))
        cpu_s = self._cpu_s()
        self.run(
            f"INSERT INTO variant SELECT * REPLACE ({variant.properties} AS properties) FROM source"
            f" SETTINGS max_partitions_per_insert_block = 0, {BLOCKS}"
        )
        self.run("OPTIMIZE TABLE variant FINAL")
        cpu_s = self._cpu_s() - cpu_s
        rows, size = self.run(
            "SELECT sum(rows), sum(bytes_on_disk) FROM system.parts"
            " WHERE table = 'variant' AND active"
        ).split("\t")
        figures = {
            "rows": rows,
            "B/row": f"{int(size) / int(rows):.1f}",
            "CPU µs/row": f"{cpu_s * 1e6 / int(rows):.1f}",
        }
        for name, question in QUESTIONS.items():
            figures[name] = f"{self._fastest_ms(self._fill(question, variant)):.0f}"
        self.run("DROP TABLE variant SYNC")
        return figures

    def _fill(self, question: str, variant: Variant) -> str:
        words = f"message) {WORDS}", f"message {WORDS[:-1]}"
        is_indexed = any(text in _create("variant", variant) for text in words)
        column = "message" if variant.name == "words by a preprocessor" else "lowerUTF8(message)"
        word = f"hasAllTokens({column}, {{}})" if is_indexed else "hasToken(lower(message), {})"
        filled = question.replace("{common}", word.format("'failed'"))
        filled = filled.replace("{unique}", word.format(self._samples["word"]))
        filled = filled.replace("{has_property}", variant.has_property).replace(
            "{table}", "variant"
        )
        for name, value in self._samples.items():
            filled = filled.replace(f"{{{name}}}", value)
        return filled

    def _fastest_ms(self, sql: str) -> float:
        times = []
        for _ in range(REPEATS):
            started = time.perf_counter()
            self.run(sql + " FORMAT Null")
            times.append(time.perf_counter() - started)
        return min(times) * 1000

    def _rare_word(self) -> str:
        return self.run(
            "SELECT token FROM (SELECT arrayJoin(tokens(lowerUTF8(message))) AS token FROM source"
            " WHERE cityHash64(id) % 50 = 0) GROUP BY token HAVING count() = 1"
            " AND length(token) > 9 ORDER BY cityHash64(token) LIMIT 1"
        )

    def _cpu_s(self) -> float:
        """CPU time of the engine process so far."""
        fields = (
            Path(f"/proc/{self._process.pid}/stat").read_text("ascii").rsplit(")", 1)[1].split()
        )
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _create(table: str, variant: Variant) -> str:
    sql = _shipped_sql().replace("EXISTS events", f"EXISTS {table}")
    for old, new in variant.replaced:
        if old not in sql:
            raise SystemExit(f"{variant.name}: the shipped SQL does not hold {old!r} any more")
        sql = sql.replace(old, new)
    # The rows are of the past: nothing of them may expire while it is measured.
    return sql.replace("INTERVAL 30 DAY", "INTERVAL 3650 DAY")


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "\\'") + "'"


def _print_table(results: dict[str, dict[str, str]]) -> None:
    columns = list(next(iter(results.values())))
    print("| variant |", " | ".join(columns), "|")
    print("|---" * (len(columns) + 1) + "|")
    for name, figures in results.items():
        print(f"| {name} |", " | ".join(figures.values()), "|")


def _source(folder: Path, chosen: Path | None, rows: int) -> Path:
    if chosen is not None:
        return chosen.absolute()
    made = folder / "rows.ndjson"
    with made.open("wb") as file:
        file.writelines(line.rstrip(b"\n") + b"\n" for line in make_rows(rows))
    return made


def _chosen(names: list[str] | None) -> Iterator[Variant]:
    return (variant for variant in VARIANTS if names is None or variant.name in names)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--source", type=Path)
    parser.add_argument("--only", action="append", help="name of a variant; may be repeated")
    chosen = parser.parse_args()
    results = {}
    with tempfile.TemporaryDirectory() as name, engine_process(Path(name) / "engine") as process:
        bench = Bench(process)
        process.wait_until_ready()
        bench.load(_source(Path(name), chosen.source, chosen.rows), chosen.rows)
        for variant in _chosen(chosen.only):
            results[variant.name] = bench.measure(variant)
            print(variant.name, results[variant.name], flush=True)
    _print_table(results)


if __name__ == "__main__":
    main()
