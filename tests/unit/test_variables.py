"""Values for names in questions: they stay values, whatever they hold."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from logster.errors import QueryError
from logster.query.limits import MAX_TEXT_CHARACTERS
from logster.query.parse import parse_filter
from logster.query.question import parse_question
from logster.query.tree import And, Equal, Field, Filter, Not, Or, Words
from logster.query.variables import bind, check_names

APPLICATION, HOST = Field("application"), Field("host")
HOSTILE = (
    "x) OR (severity:fatal",
    'x" OR severity:fatal OR "',
    "\\",
    '\\"',
    'a\\" OR b',
    "x | count",
    "/ OR severity:fatal",
    "*",
    "-a",
    "NOT",
    "$application",
    "a, b",
    "a\nb",
    "/.*/",
    "1..5",
    "",
)
values = st.one_of(
    st.sampled_from(HOSTILE), st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
)


@pytest.mark.parametrize(
    ("question", "given_values", "bound"),
    [
        ("application:$application", ["shop"], 'application:"shop"'),
        ("application:$application", ["shop", "a b"], 'application:("shop", "a b")'),
        ("application:($application, x)", ["a", "b"], 'application:("a", "b", x)'),
        ("application:(x OR $application)", [], "application:(x OR *)"),
        ("ms > $application -x", ["5"], 'ms > "5" -x'),
        ("severity>=$application | count", ["warn"], 'severity>="warn" | count'),
        ("$application", ["two words"], '"two words"'),
        ("a -$application", ["x", "y"], 'a -("x" OR "y")'),
        ("a application:$application b", [], "a b"),
        ("a -application:$application | count", [], "a | count"),
        ("a OR NOT application:$application", [], "a OR id>=0"),
        ("(application:$application host:x) OR a", [], "(id>=0 host:x) OR a"),
        # Text, not names.
        ("application:$application|count", ["x"], "application:$application|count"),
        ('"application:$application"', ["x"], '"application:$application"'),
        ("/a $application b/", ["x"], "/a $application b/"),
        ("application:(/a, $application b/, c)", ["x"], "application:(/a, $application b/, c)"),
        ("$applications $5 $other", ["x"], "$applications $5 $other"),
        (
            "a$application $application* a|$application",
            ["x"],
            "a$application $application* a|$application",
        ),
        ("$application>5", ["x"], "$application>5"),
        ("a:-$application", ["x"], "a:-$application"),
        ("a:b:$application", ["x"], "a:b:$application"),
        ("| count by $application", ["x"], "| count by $application"),
        ('"open $application', ["x"], '"open $application'),
    ],
)
def test_names_become_values(question: str, given_values: list[str], bound: str) -> None:
    assert bind(question, {"application": given_values}) == bound


def test_a_question_without_names_stays_as_it_is() -> None:
    assert bind(" a   b ", {"x": ["y"]}) == " a   b "


@given(values)
@example("x) OR (severity:fatal")
def test_a_value_is_equal_to_itself_alone(value: str) -> None:
    tree = parse_filter(bind("application:$a -host:$a", {"a": [value]}))
    assert tree == And((Equal(APPLICATION, value), Not(Equal(HOST, value))))


@given(st.lists(values, min_size=2, max_size=4, unique=True))
def test_several_values_are_one_of_them(chosen: list[str]) -> None:
    expected = Or(tuple(Equal(APPLICATION, value) for value in chosen))
    assert parse_filter(bind("application:$a", {"a": chosen})) == expected
    assert parse_filter(bind("application:($a)", {"a": chosen})) == expected


@given(values)
def test_a_value_as_a_word_is_a_phrase(value: str) -> None:
    assume(value)
    assert parse_filter(bind("x $a", {"a": [value]})) == And((Words("x"), Words(value)))


def shape_of(tree: object) -> object:
    """The tree without its texts."""
    if isinstance(tree, And | Or):
        return type(tree), tuple(map(shape_of, tree.filters))
    return (Not, shape_of(tree.filter)) if isinstance(tree, Not) else type(tree)


pieces = st.sampled_from(
    [
        *("$a", "application:$a", "host:(x, $a)", "host:(/x, $a)", "-", "NOT ", "(", ")", " OR "),
        *('"', "/", "\\", "*", ":", "application:", "host>", "x", "/var/log", " ", " | ", "count"),
        *("a|", ",", '"q"', '"q"*', "/x y/", "/open ", "AND"),
    ]
)


@given(st.lists(pieces, max_size=8).map("".join), values, values)
@example("/abc $a", "d/ OR severity:fatal", "d")
@example('"q"*$a', "x", "y")
@example('"abc $a', 'y OR severity:fatal OR "', "y")
def test_no_value_changes_the_structure_of_any_question(
    question: str, one: str, other: str
) -> None:
    assume(one and other)
    read: list[object] = []
    for value in (one, other):
        try:
            tree, stats = parse_question(bind(question, {"a": [value]}))
        except QueryError:
            read.append(None)
        else:
            read.append((shape_of(tree), stats))
    assert read[0] == read[1]


@pytest.mark.parametrize("joint", [" ", " AND ", " OR ", " -", " NOT ", " OR NOT -"])
def test_no_value_is_no_condition(joint: str) -> None:
    def is_met(tree: Filter) -> bool:
        """By an event that has an id and nothing else."""
        if isinstance(tree, And | Or):
            return (all if isinstance(tree, And) else any)(map(is_met, tree.filters))
        return not is_met(tree.filter) if isinstance(tree, Not) else not isinstance(tree, Words)

    bound = bind(f"application:$a{joint}host:$a", {"a": []})
    assert is_met(parse_filter(bound)), bound


def test_many_names_with_many_values_are_refused_and_fill_no_memory() -> None:
    bound = bind("$a " * 2_600, {"a": ["x" * 1_000] * 100})
    assert len(bound) == MAX_TEXT_CHARACTERS + 1
    with pytest.raises(QueryError, match="8001 characters"):
        parse_filter(bound)


PIECES = ("$", "$a", "a", '"', "/", "(", "a:($a,", '*"', "\\", "a<", "NOT -")


@pytest.mark.parametrize("piece", PIECES)
def test_the_longest_question_is_bound_in_no_time(piece: str) -> None:
    """Nothing grows with the square of the text: it would be ten thousand times slower."""
    question = piece * (8_000 // len(piece)) + "* $a"
    began = time.process_time()
    bind(question, {"a": []})
    assert time.process_time() - began < 1


@pytest.mark.parametrize(
    ("question", "wrong", "said"),
    [
        ("application:$app", "$app", "is not defined"),
        ("shop timeout $nope | count", "$nope", "Variables"),
        ("application:($host, $app)", "$app", "is not defined"),
        ("x OR -(user:$app)", "$app", "is not defined"),
        ("ms>$least", "$least", "is not defined"),
        ("ms = $least", "$least", "is not defined"),
        ("has:$least", "$least", "is not defined"),
        ("application:$HOST", "$HOST", "Did you mean `$host`?"),
        ("application:$app*", "$app", "is not defined"),
        ("application:*$app", "$app", "is not defined"),
        ("héllo 登录 $app", "$app", "is not defined"),
        ("application:$host*", "$host", "alone"),
        ("application:web-$host", "$host", "alone"),
        ("$host.local", "$host", "alone"),
        ("| count by $host", "$host", "before the pipe"),
        ('x | count by "$host", $host', "$host", "before the pipe"),
    ],
)
def test_a_name_that_stands_for_nothing_is_refused_in_its_place(question, wrong, said):
    with pytest.raises(QueryError, match=re.escape(said)) as refused:
        check_names(question, {"host": ["a"], "page": []})
    mistake = refused.value
    assert question[mistake.position : mistake.position + mistake.length] == wrong
    assert f"`{wrong}`" in str(mistake)
    # The last one of its kind, not text before it that looks the same.
    assert mistake.position == question.rindex(wrong)


@pytest.mark.parametrize(
    "question",
    [
        "cost $5 and $5.20",
        "US$ 5 $",
        "$HOME/bin",
        "a$b",
        '"$app" application:"$app"',
        "/^paid$app/",
        "$type:x",
        "| count by $type",
        '| count by "$host"',
        "application:$host $page",
        '" $app',
        "",
    ],
)
def test_a_dollar_sign_in_ordinary_text_stays_text(question):
    check_names(question, {"host": ["a"], "page": []})


@pytest.mark.parametrize(
    ("question", "bound"),
    [
        ("application=$app", 'application="shop"'),
        ("application = $app", 'application = "shop"'),
        ("application= $app", 'application= "shop"'),
        ("application==($app, x)", 'application==("shop", x)'),
        ('"odd name"=$app', '"odd name"="shop"'),
        ("x?a=$app", "x?a=$app"),
    ],
)
def test_a_variable_behind_an_equals_sign_is_a_value(question: str, bound: str) -> None:
    assert bind(question, {"app": ["shop"]}) == bound
    assert bind("application=$app a", {"app": []}) == "a"
