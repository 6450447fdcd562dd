"""What an exception says is told from where it was raised, in every language."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logster.fields.exception import split_exception

CHAINED = """Traceback (most recent call last):
  File 'a.py', line 1, in f
    f()
KeyError: 'a'

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File 'a.py', line 3
ValueError: b
and more
"""


@pytest.mark.parametrize(
    ("said", "text"),
    [
        ("System.Exception: a", "System.Exception: a\r\n   at A.B()\r\n   at A.C()"),
        (
            "System.AggregateException: two\nof them",
            "System.AggregateException: two\nof them\n ---> System.Exception: in\n   at A.B()",
        ),
        ("TypeError: x is not a function", "TypeError: x is not a function\n    at f (a.js:1:2)"),
        (
            "java.lang.Error: x",
            "java.lang.Error: x\n\tat a.b.C(D.java:1)\nCaused by: java.io.IOException: gone",
        ),
        ("ValueError: b\nand more", CHAINED),
        ("panic: no", "panic: no\n\ngoroutine 1 [running]:\nmain.main()\n\t/srv/main.go:5"),
        ("Exception: no in a.php:3", "Exception: no in a.php:3\nStack trace:\n#0 {main}"),
        ("at A.B()", "   at A.B()\n   at A.C()"),
        (
            "Traceback (most recent call last):",
            "Traceback (most recent call last):\n  File 'a.py', line 1",
        ),
    ],
)
def test_the_stack_trace_is_the_whole_text(said, text):
    assert split_exception(text) == (said, text)


@pytest.mark.parametrize("text", ["boom", "", "two\nlines", "a\n\nb", "boom\n"])
def test_without_a_place_there_is_no_stack_trace(text):
    assert split_exception(text) == (text, None)


@given(st.text("a \n\tt:@") | st.text())
def test_any_text_is_split(text):
    exception, stack_trace = split_exception(text)

    assert stack_trace in (None, text)
    assert exception.strip() or not text.strip()
