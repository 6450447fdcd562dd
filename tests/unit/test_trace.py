"""Stack traces stay with their message, in every language; what is a message stays one."""

import pytest

from logster.fields.trace import MAX_JOINED_LINES, join_traces

#: Each is one event, as its program writes it.
TRACES = {
    "java": """2026-11-30 20:00:00,001 ERROR [main] Cart - failed
java.lang.IllegalStateException: none
\tat Cart.buy(Cart.java:1)
\tat Main.main(Main.java:2)
Caused by: java.io.IOException: gone
\t... 12 more""",
    "java without a message": """java.lang.Error: x
\tat a.b.C(D.java:1)""",
    "java in a thread": """Exception in thread "main" java.lang.Error: x
\tat a.b.C(D.java:1)""",
    "python chained": """2026-11-30 20:00:00,001 ERROR shop failed
Traceback (most recent call last):
  File "a.py", line 1
ValueError: a

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "a.py", line 3
shop.CartError: b""",
    "python caused": """Traceback (most recent call last):
  File "a.py", line 1, in f
KeyError: 'x'

The above exception was the direct cause of the following exception:

Traceback (most recent call last):
  File "a.py", line 3
queue.Empty""",
    ".net": """2026-11-30 20:00:00.001 [ERR] failed
System.Exception: a
 ---> System.IO.IOException: inner
   at A.B()
   --- End of inner exception stack trace ---
   at A.C()
--- End of stack trace from previous location ---
   at C.D()""",
    "node": """2026-11-30T20:00:00Z ERROR boom
TypeError: x is not a function
    at f (/srv/a.js:1:2)
    at async g (/srv/b.js:3:4) {
  code: 'E_X',
  cause: 7
}""",
    "go": """panic: runtime error: index out of range [5] with length 3

goroutine 1 [running]:
main.main()
\t/srv/main.go:5 +0x1d

goroutine 18 [select]:
net/http.(*Server).Serve(0xc0000, {0x1, 0x2})
\t/usr/lib/go/server.go:7 +0x5
created by main.start in goroutine 1
\t/srv/main.go:9 +0x3
exit status 2""",
    "go in a log": """2026/11/30 20:00:00 ERROR failed
goroutine 7 [running]:
runtime/debug.Stack()
\t/usr/lib/go/stack.go:26 +0x5e""",
    "php": """PHP Fatal error:  Uncaught Exception: x in /srv/a.php:3
Stack trace:
#0 /srv/a.php(7): f()
#1 {main}
  thrown in /srv/a.php on line 3""",
    "laravel": """[2026-11-30 20:00:00] prod.ERROR: x {"exception":"[object] (Exception(code: 0): x
[stacktrace]
#0 /srv/a.php(7): f()
#1 {main}
"} """,
    "ruby": """2026-11-30 20:00:00 ERROR a.rb:1:in `f': boom (RuntimeError)
\tfrom a.rb:5:in `<main>'""",
    "rust": """thread 'main' panicked at src/main.rs:2:5:
boom
stack backtrace:
   0: rust_begin_unwind
             at /rustc/library/std/src/panicking.rs:5
note: run with `RUST_BACKTRACE=full` for a verbose backtrace""",
    "in colours": """\x1b[31m2026-11-30 20:00:00 ERROR failed\x1b[0m
\x1b[31mjava.lang.Error: x\x1b[0m
\x1b[2m\tat a.b.C(D.java:1)\x1b[0m""",
}

#: None of these belongs to the one before it.
MESSAGES = [
    "2026-11-30 20:00:00 INFO started",
    "Error: cannot open file",
    "",
    "2026-11-30 20:00:01 ERROR one",
    "java.io.IOException: no frames behind it",
    "2026-11-30 20:00:02 WARN two",
    "  2026-11-30 20:00:03 an indented line with a time of its own",
    "plain text",
    "}",
]


def joined(text):
    return list(join_traces(text.split("\n")))


@pytest.mark.parametrize("name", TRACES)
def test_a_trace_is_one_event_with_its_message(name):
    assert joined(TRACES[name]) == [TRACES[name]]


@pytest.mark.parametrize("name", TRACES)
def test_a_trace_ends_where_the_next_message_begins(name):
    after = "2026-11-30 20:00:09 INFO on we go"

    assert joined(f"{TRACES[name]}\n{after}") == [TRACES[name], after]


def test_messages_stay_apart():
    assert joined("\n".join(MESSAGES)) == MESSAGES


def test_what_never_ends_is_cut():
    lines = ["ERROR x", *["\tat a.b.C(D.java:1)"] * (2 * MAX_JOINED_LINES)]

    events = joined("\n".join(lines))

    assert "\n".join(events).split("\n") == lines
    assert max(event.count("\n") for event in events) < MAX_JOINED_LINES


def test_no_line_is_lost_or_moved_when_everything_is_in_doubt():
    text = "2026-11-30 20:00:00 ERROR x\n\na.b.Error: y\n\n\nz"

    assert "\n".join(joined(text)) == text
    assert joined(text)[0] == "2026-11-30 20:00:00 ERROR x"
