"""What the bench sends is what it says, and its verdicts follow from its figures."""

import json
import statistics
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from bench import search as questions
from bench.chart import Chart, render_charts
from bench.client import _read_requests, percentiles, write_requests
from bench.compare import compare, judge, read_run
from bench.dialects import DIALECTS, encode_rows
from bench.loads import DIALECT_LOADS, LOADS, build_part
from bench.questions import QUESTIONS
from bench.rows import CHUNK, make_rows
from bench.soak import Moments, verdict
from bench.table import medians, render_ratios, render_table
from bench.targets import Logster, VictoriaLogs

from logster import zstd
from logster.ingest.body import open_body
from logster.ingest.protocols import PROTOCOLS
from logster.ingest.routes import Routes
from support.native import ask
from support.readers import request_to
from support.recorded import LIMITS

ROUTES = Routes(PROTOCOLS)
END = datetime(2026, 11, 22, tzinfo=UTC)


@pytest.fixture(scope="module")
def rows():
    return list(make_rows(4 * CHUNK, end=END))


def test_rows_are_the_same_for_a_seed_and_others_for_another(rows):
    assert list(make_rows(4 * CHUNK, end=END)) == rows
    assert not set(make_rows(CHUNK, 2, end=END)) & set(rows)


def test_a_part_of_the_rows_is_made_alone(rows):
    assert list(make_rows(4 * CHUNK, end=END, start=2 * CHUNK)) == rows[2 * CHUNK :]


def test_rows_are_as_large_as_varied_and_as_compressible_as_real_ones(rows):
    events = [json.loads(row) for row in rows]
    joined = b"\n".join(rows)

    assert 415 < statistics.mean(map(len, rows)) < 445
    assert 4.4 < len(joined) / len(zstd.compress(joined, 1)) < 5.3
    assert len({event["Application"] for event in events}) == 30
    assert 180 < len({event["Category"] for event in events}) < 220
    assert 0.045 < sum("StackTrace" in event for event in events) / len(events) < 0.055
    assert set(Counter(len(event["Properties"]) for event in events)) == {3, 4, 5}
    assert len({event["Properties"]["RequestId"] for event in events}) == len(events)


@pytest.mark.parametrize("form", DIALECTS)
def test_each_dialect_brings_all_rows_with_their_texts(rows, form):
    size = next(load.rows_each for load in DIALECT_LOADS if load.form == form)
    sent = [json.loads(row) for row in rows[:size]]
    dialect = DIALECTS[form]
    match = ROUTES.find(dialect.path, "POST")
    assert match is not None
    request = request_to(match.route, dialect.media_type)
    reading = match.protocol.read(encode_rows(form, rows[:size]), request, LIMITS)
    assert not reading.rejections
    assert len(reading.columns) == size
    read = "\n".join(reading.columns.message)
    assert all(row["Message"] in read for row in sent)


def test_rows_go_up_to_their_end(rows):
    times = [json.loads(row)["Timestamp"] for row in rows]

    assert times == sorted(times)
    assert times[0] == "2026-11-21T00:00:00.000Z"
    assert "2026-11-21T23:59:50" < times[-1] < "2026-11-22"


@pytest.mark.parametrize("load", [load for load in LOADS if load.rows_each <= 100], ids=str)
def test_what_a_load_sends_is_accepted_whole(load, tmp_path):
    dialect = Logster(tmp_path, 1).dialect(load)
    request = build_part(load, dialect, CHUNK, 1, END, 0)[0]
    head, _, body = request.partition(b"\r\n\r\n")
    headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n")[1:])
    assert int(headers["Content-Length"]) == len(body)
    if encoding := headers.get("Content-Encoding"):
        body = open_body(body, encoding, 10**9, "")
    answer = ask(body, path=dialect[0], content_type=headers["Content-Type"])

    assert answer.status == 200
    assert len(answer.events) == load.rows_each
    assert answer.events[0]["application"]
    assert b"RequestId" in answer.events[0]["properties"]


def test_requests_are_read_as_they_were_written(tmp_path):
    requests = [b"first", b"the second", b"3"]

    assert write_requests(tmp_path / "stem", requests) == 10
    assert list(map(bytes, _read_requests(tmp_path / "stem"))) == requests


def test_percentiles_are_of_the_ordered_latencies():
    assert percentiles([number / 1000 for number in range(1000)]) == {
        "p50_ms": 500.0,
        "p99_ms": 990.0,
        "p99.9_ms": 999.0,
    }
    assert percentiles([]) == {}


def test_victorialogs_is_started_with_its_defaults_and_gets_our_rows(tmp_path):
    target = VictoriaLogs(tmp_path, Path("/opt/victoria-logs"))
    lines = next(load for load in LOADS if load.name == "NDJSON 5,000")
    xml = next(load for load in LOADS if load.form == "xml")

    assert target.command == [
        "/opt/victoria-logs",
        f"-storageDataPath={tmp_path}/victorialogs",
        f"-httpListenAddr=127.0.0.1:{target.port}",
        "-retentionPeriod=30d",
    ]
    dialect = target.dialect(lines)
    assert dialect is not None
    path, headers = dialect
    assert path.split("&") == [
        "/insert/jsonline?_msg_field=Message",
        "_time_field=Timestamp",
        "_stream_fields=Application,Category",
    ]
    assert headers == {"Content-Type": "application/stream+json"}
    assert target.dialect(xml) is None


def test_the_table_has_medians_and_the_ratios_divide_them():
    results = [
        {"server": server, "load": "one", "rows_per_s": value, "p99_ms": 5.0}
        for server, values in {
            "logster 1w": (100, 300, 200),
            "victorialogs": (90, 100, 110),
        }.items()
        for value in values
    ]

    assert [line["rows_per_s"] for line in medians(results)] == [200, 100]
    assert render_table(medians(results)).splitlines()[2].split() == [
        "logster",
        "1w",
        "one",
        "200",
        "5",
    ]
    assert "logster 1w, one: rows/s 2.00, p99 1.00" in render_ratios(
        medians(results), "victorialogs"
    )


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ([100, 110, 105], [104, 120, 111], "~ noise"),
        ([100, 110, 105], [150, 160, 155], "better"),
        ([150, 160, 155], [100, 110, 105], "WORSE"),
        ([100], [105], "~ noise"),
        ([100], [150], "better"),
    ],
)
def test_a_difference_is_noise_when_the_rounds_of_one_run_differ_as_much(old, new, told):
    assert judge(old, new, more_is_better=True) == told


def test_two_runs_are_compared_by_server_load_and_figure(tmp_path):
    for name, speed in {"old": 100, "new": 150}.items():
        lines = [{"cores": 2}] + [
            {"server": "logster 1w", "load": "one", "rows_per_s": speed + n, "round": n}
            for n in range(3)
        ]
        (tmp_path / name).write_text("\n".join(map(json.dumps, lines)))
    (line,) = compare(read_run(tmp_path / "old"), read_run(tmp_path / "new"))

    assert " ".join(line.split()) == "logster 1w one rows_per_s 101.0 151.0 1.50 better"


def moments(memory_mb):
    count = len(memory_mb)
    flat = [1.0] * count
    times = [float(number) for number in range(count)]
    return Moments(times, [1000.0] * count, flat, flat, flat, {"worker": memory_mb})


def test_a_soak_is_bounded_when_the_second_half_has_no_more_than_the_first():
    is_bounded, told = verdict(moments([400.0] * 40), 1000)

    assert is_bounded
    assert told.startswith("bounded: 39 minutes at 1,000 rows/s; ")
    assert told.endswith("parts 1 -> 1, lag 1 -> 1, spool 1 -> 1, memory 400 -> 400")


def test_a_soak_that_grows_or_falls_behind_says_so():
    assert (
        "NOT BOUNDED (memory grew)" in verdict(moments([400.0 + 20 * n for n in range(40)]), 9)[1]
    )
    assert "NOT BOUNDED (fell behind)" in verdict(moments([400.0] * 40), 2000)[1]


def test_a_chart_is_an_image_with_a_line_for_each_series():
    charts = [
        Chart("rows & more", {"a": [1.0, 2.0], "b": [0.0, 0.0]}),
        Chart("none", {"c": [0, 0]}),
    ]
    image = ET.fromstring(render_charts("a < b", [0.0, 1.0], charts))

    assert len(image.findall("{*}path")) == 3
    assert "rows & more" in [text.text for text in image.findall("{*}text")]


def test_a_question_has_one_line_with_its_median_and_the_ratio_to_the_others():
    figures = {"store_ms": 1, "rows_read": 2_000_000, "answer_bytes": 1500, "found": 1}
    asked, alone = QUESTIONS[0], QUESTIONS[-1]
    ours = [
        {"server": "logster 1w", "load": question.name, "ms": ms, **figures}
        for question in (asked, alone)
        for ms in (30, 10, 20)
    ]
    table = questions.render_table(ours).splitlines()
    assert table[2] == f"| {asked.name} | 20.0 | 30.0 | 1.0 | 2,000,000 | 1.5 |"

    theirs = [{"server": "victorialogs", "load": asked.name, "ms": ms} for ms in (90, 40, 40)]
    table = questions.render_table([*ours, *theirs]).splitlines()
    assert table[2] == f"| {asked.name} | 20.0 | 30.0 | 1.0 | 2,000,000 | 1.5 | 40.0 | 0.50 |"
    assert table[3].endswith("| 1.5 |  |  |")


def test_samples_stand_in_both_languages():
    sample = {"busy_user": "ann", "inside": "x"}
    assert questions.fill({"q": "user:{busy_user}", "limit": 100}, sample) == (
        "q=user%3Aann&limit=100"
    )
    assert questions.fill({"query": '{A="b"} ~"{inside}"'}, sample) == (
        "query=%7BA%3D%22b%22%7D+~%22x%22"
    )


def test_questions_have_names_of_their_own_and_parameters_that_are_sent():
    assert len({question.name for question in QUESTIONS}) == len(QUESTIONS)
    assert {question.path.partition("/")[0] for question in QUESTIONS} <= {
        *("events", "stats", "histogram", "facets", "fields", "releases", "patterns", "complete")
    }


def test_tables_of_several_sizes_stand_beside_each_other(tmp_path):
    def write(rows, ms):
        path = tmp_path / f"{rows}.jsonl"
        lines = [{"cores": 2, "rows": rows}]
        lines += [{"server": "logster 1w", "load": "newest 100", "ms": value} for value in ms]
        lines += [{"server": "victorialogs", "load": "newest 100", "ms": 1}]
        path.write_text("".join(json.dumps(line) + "\n" for line in lines))
        return path

    paths = [write(50_000_000, [30, 40, 50]), write(2_000_000, [10, 20, 300])]
    table = questions.render_sizes(paths).splitlines()
    assert table[0] == "| question | 2 M rows, ms | 50 M rows, ms | last / first |"
    assert table[2:] == ["| newest 100 | 20.0 | 40.0 | 2.0 |"]


def test_rows_that_do_not_fit_the_disk_are_not_loaded(tmp_path):
    questions.check_disk(tmp_path, 1)
    with pytest.raises(SystemExit, match="need up to"):
        questions.check_disk(tmp_path, 10**15)
