"""The lines of a trace arrive one by one, of several files at once."""

from logster.cli.send.joiner import JOIN_WAIT_S, TraceJoiner
from logster.follow.rows import Row


def test_a_trace_that_comes_in_pieces_is_waited_for():
    joiner = TraceJoiner()
    assert list(joiner.add(Row("x", 1, "2026-11-30 20:00:00 ERROR failed"), 0.0)) == []
    assert list(joiner.due(JOIN_WAIT_S / 2)) == []
    assert list(joiner.add(Row("x", 2, "\tat a.b.C(D.java:1)"), JOIN_WAIT_S / 2)) == []
    assert list(joiner.due(JOIN_WAIT_S)) == []

    [row] = joiner.due(JOIN_WAIT_S * 1.5)
    assert row.text == "2026-11-30 20:00:00 ERROR failed\n\tat a.b.C(D.java:1)"
    assert list(joiner.due(99.0)) == []


def test_the_lines_of_two_files_do_not_tear_each_other():
    joiner = TraceJoiner()
    rows = [
        Row("a", 1, "2026-11-30 20:00:00 ERROR a"),
        Row("b", 1, "2026-11-30 20:00:00 ERROR b"),
        Row("a", 2, "\tat A.a(A.java:1)"),
        Row("b", 2, "\tat B.b(B.java:1)"),
    ]
    done = [each for row in rows for each in joiner.add(row, 0.0)]

    assert sorted(row.text or "" for row in [*done, *joiner.release()]) == [
        "2026-11-30 20:00:00 ERROR a\n\tat A.a(A.java:1)",
        "2026-11-30 20:00:00 ERROR b\n\tat B.b(B.java:1)",
    ]


def test_what_only_may_belong_to_a_trace_is_a_message_when_no_more_comes():
    joiner = TraceJoiner()
    lines = ["2026-11-30 20:00:00 ERROR x", "", "a.b.Error: y", "", "", "z"]
    rows = [Row("x", number, line) for number, line in enumerate(lines, start=1)]
    done = [each for row in rows for each in joiner.add(row, 0.0)]

    assert "\n".join(row.text or "" for row in [*done, *joiner.release()]) == "\n".join(lines)
    assert done[0].text == lines[0]


def test_a_line_that_was_too_long_belongs_to_nothing():
    joiner = TraceJoiner()
    rows = [Row("x", 1, None), Row("x", 2, "\tat a.b.C(D.java:1)"), Row("x", 3, None)]
    done = [each for row in rows for each in joiner.add(row, 0.0)]

    assert [*done, *joiner.release()] == rows
