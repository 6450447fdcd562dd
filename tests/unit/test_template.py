"""A template and its properties are the message people read."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from logster.fields.template import MAX_CHARACTERS, render_template

PROPERTIES = {
    "Name": "Ada",
    "n": 7,
    "x": 1234.565,
    "ok": True,
    "none": None,
    "cart": {"a": 1, "b": ["x"]},
    "at": "2026-11-30T20:00:05.123456+01:00",
    "0": "first",
    "big": 2**63 + 1,
}


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("Hello {Name}", "Hello Ada"),
        ("{@cart} and {$cart}", '{"a":1,"b":["x"]} and {"a":1,"b":["x"]}'),
        ("{0} {n} {ok} {none} {big}", "first 7 True null 9223372036854775809"),
        ("[{Name,6}] [{Name,-6}] [{n,4:000}]", "[   Ada] [Ada   ] [ 007]"),
        ("{{Name}} {{{Name}}}", "{Name} {Ada}"),
        ("{Missing} {Missing:000} {Name", "{Missing} {Missing:000} {Name"),
        ("{} { Name } {Na:me:x}", "{} { Name } {Na:me:x}"),
        ("{n:000} {n:D4} {n:X2} {n:x} {n:N0}", "007 0007 07 7 7"),
        ("{x:0.00} {x:N2} {x:F1} {x:#,##0.0} {x:E2}", "1234.57 1,234.57 1234.6 1,234.6 1.23E+003"),
        ("{x:P1} {n:0%} {n:#.##}", "123,456.5 % 700% 7"),
        (
            "{at:HH:mm:ss} {at:yyyy-MM-dd HH:mm:ss.fff zzz}",
            "20:00:05 2026-11-30 20:00:05.123 +01:00",
        ),
        ("{Name:l} {Name:lj} {at:Q}", "Ada Ada 2026-11-30T20:00:05.123456+01:00"),
        ("{n:no such format} {cart:j}", '7 {"a":1,"b":["x"]}'),
        ("{Name,999999999}", "{Name,999999999}"),
        ("{n:D99} {n:" + "0" * 500 + "}", "7 7"),
        ("no hole", "no hole"),
        ("", ""),
    ],
)
def test_holes_are_filled_as_dotnet_does(template, message):
    assert render_template(template, PROPERTIES) == message


def test_what_the_sender_rendered_itself_is_taken():
    assert render_template("{n:000} {Name} {x:C}", PROPERTIES, ["seven", "$1"]) == "seven Ada $1"


def test_a_message_does_not_grow_without_end():
    message = render_template("{a}" * 2000, {"a": "x" * 10_000})

    assert len(message) == MAX_CHARACTERS


@given(
    st.text() | st.text("{}@$:,09.#NAme-"),
    st.dictionaries(st.text("NAme09"), st.floats() | st.text()),
)
def test_any_template_is_rendered(template, properties):
    assert isinstance(render_template(template, properties), str)


def test_values_that_were_left_as_they_were_sent_keep_their_spelling():
    members = msgspec.json.decode(
        b'{"s":"a\\u00e9","n":1.50,"far":1e400,"no":null,"yes":true,"o":{"x": [1.0]},"bad":"\xff"}',
        type=dict[str, msgspec.Raw],
    )

    message = render_template("{s}|{n}|{n:0.000}|{far}|{no}|{yes}|{o}|{o.x}", members)
    assert message == 'aé|1.50|1.500|1e400|null|True|{"x": [1.0]}|[1.0]'
    assert render_template("{bad}", members) == '"\ufffd"'


@pytest.mark.parametrize("path", ["{user.name}", "{user.name,-1}", "{@user.name:l}"])
def test_a_name_with_dots_is_a_property_or_a_path(path):
    assert render_template(path, {"user": {"name": "Ada"}}) == "Ada"
    assert render_template(path, {"user.name": "Bob", "user": {"name": "Ada"}}) == "Bob"
    assert render_template(path, {"user": {}}) == path
    assert render_template(path, {"user": 1}) == path


def test_only_a_hole_with_a_format_has_a_text_of_its_own():
    assert render_template("{n:} {n} {x:0.0}", PROPERTIES, ["its own"]) == "7 7 its own"


def test_what_is_too_long_is_not_even_rendered():
    assert render_template("{Name} is here", PROPERTIES, max_characters=5) == "Ada i"
    assert render_template("{Name}" * 1_000_000, PROPERTIES, max_characters=6) == "AdaAda"
