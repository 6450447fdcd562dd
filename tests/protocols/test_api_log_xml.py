"""XML messages, rule by rule."""

from __future__ import annotations

from typing import Any

import pytest

from support.native import Answer, ask

REQUIRED = "The Message field is required."
RANGE = "The field Severity must be between 0 and 6."
CONTRACT = "http://schemas.datacontract.org/2004/07/Logster.Core"
XSI = "http://www.w3.org/2001/XMLSchema-instance"


def contract(inner: str) -> str:
    """A root as the original's serializer wants it."""
    return f'<LogMessage xmlns="{CONTRACT}" xmlns:i="{XSI}">{inner}</LogMessage>'


def send(body: str | bytes, content_type: str = "application/xml", **headers: str) -> Answer:
    return ask(body, content_type=content_type, accept="application/json", **headers)


def faults(body: str | bytes, content_type: str = "application/xml") -> dict[str, list[str]]:
    answer = send(body, content_type)
    assert answer.status == 400
    return answer.model_state


@pytest.mark.parametrize("content_type", ["application/xml", "text/xml", "TEXT/XML; a=b"])
def test_a_contract_message_is_read_member_by_member(content_type: str) -> None:
    stored = send(
        contract(
            "<Application>a</Application><Category>c</Category><Exception>e</Exception>"
            "<Message>m</Message><Severity>4</Severity><StackTrace>s</StackTrace><User>u</User>"
        ),
        content_type,
    ).stored
    names = ("application", "category", "exception", "message", "severity", "stack_trace", "user")
    assert [stored[name] for name in names] == ["a", "c", "e", "m", 4, "s", "u"]
    assert stored["properties"] is None


@pytest.mark.parametrize(
    "body",
    [
        f'<p:LogMessage xmlns:p="{CONTRACT}"><p:Message>m</p:Message></p:LogMessage>',
        '<?xml version="1.0"?>' + contract("<Message>m</Message>"),
        '<?xml version="1.0" encoding="UTF-8"?>\n' + contract("<Message>m</Message>"),
        "\ufeff" + contract("<Message>m</Message>"),
        "\n \t" + contract("<Message>m</Message>") + "\n",
        "<!-- c -->" + contract("<!-- c --><Message>m<!-- c --></Message><?pi?>") + "<!-- c -->",
        contract("<Message><![CDATA[m]]></Message>"),
        contract('<Message foo="1">m</Message>'),
        contract("<Foo>1</Foo><Message>m</Message><Zed><a/></Zed>"),
        contract("<Message>m</Message><Message>n</Message>"),
        contract('<Category i:nil="true"/><Message>m</Message>'),
        # Beyond the original: no namespace, any order, any case.
        "<LogMessage><Message>m</Message></LogMessage>",
        "<LogMessage><Severity>0</Severity><Message>m</Message><Application/></LogMessage>",
        "<logmessage><MESSAGE>m</MESSAGE></logmessage>",
        '<LogMessage xmlns="urn:x"><Message xmlns="urn:y">m</Message></LogMessage>',
    ],
)
def test_these_spellings_are_read(body: str) -> None:
    assert send(body).stored["message"] == "m"


@pytest.mark.parametrize(
    "inner",
    [
        "<Severity>4</Severity><Message>m</Message>",
        "<User>u</User><Message>m</Message>",
        "<message>m</message>",
        '<Message xmlns="">m</Message>',
        '<Message xmlns="urn:x">m</Message>',
        '<Message i:nil="true"/>',
        "<Message/>",
        "<Message></Message>",
        "<Message> \n\u2028</Message>",
        "",
    ],
)
def test_in_a_contract_a_member_elsewhere_is_no_member(inner: str) -> None:
    assert faults(contract(inner)) == {"message.Message": [REQUIRED]}


def test_a_member_behind_its_place_is_kept_as_a_property() -> None:
    stored = send(
        contract("<Message>m</Message><Severity>1</Severity><Category>c</Category>")
    ).stored
    assert stored["category"] is None
    assert stored["properties"] == b'{"Category":"c"}'


def test_unknown_elements_are_kept_as_properties() -> None:
    body = contract(
        '<Message>m</Message><A>1</A><A b="2">3</A><C i:nil="true"/>'
        "<D><E>x</E><E/><F> <G>&lt;</G>t</F></D>"
    )
    assert send(body).stored["properties"] == (
        b'{"A":["1",{"@b":"2","#text":"3"}],"C":null,"D":{"E":["x",""],"F":{"G":"<","#text":" t"}}}'
    )


@pytest.mark.parametrize(
    ("inner", "properties"),
    [
        ("<Properties><a>1</a><b><c/></b></Properties>", b'{"a":"1","b":{"c":""}}'),
        ('<Properties>{"a": 1}</Properties>', b'{"a": 1}'),
        ('<X>1</X><Properties>{"X":2}</Properties>', b'{"X":2}'),
        ("<Properties>text</Properties>", b'{"Properties":"text"}'),
        ("<Properties/>", None),
        ('<Properties i:nil="true"/>', None),
    ],
)
def test_properties_are_elements_or_json(inner: str, properties: Any) -> None:
    assert send(contract("<Message>m</Message>" + inner)).stored["properties"] == properties


def test_the_extension_members_may_stand_anywhere() -> None:
    stored = send(
        contract(
            "<Timestamp>1970-01-01T00:00:01Z</Timestamp><spanid>p</spanid><Message>m</Message>"
            "<Host>h</Host><Environment>v</Environment><Release>r</Release><TraceId>t</TraceId>"
        )
    ).stored
    names = ("timestamp", "span_id", "host", "environment", "release", "trace_id")
    assert [stored[name] for name in names] == [1_000_000_000, "p", "h", "v", "r", "t"]


def test_empty_text_is_not_nil() -> None:
    stored = send(contract('<Application/><Category i:nil="1"/><Message>m</Message>')).stored
    assert (stored["application"], stored["category"]) == ("", None)


@pytest.mark.parametrize(
    ("text", "severity"),
    [("4", 4), (" 4 ", 4), ("+4", 4), ("\n6\t", 6), ("Error", 4), ("trace", 0)],
)
def test_a_severity_is_a_number_or_a_name(text: str, severity: int) -> None:
    body = contract(f"<Message>m</Message><Severity>{text}</Severity>")
    assert send(body).stored["severity"] == severity


@pytest.mark.parametrize("text", ["7", "-1"])
def test_a_severity_out_of_range_is_refused_in_the_originals_words(text: str) -> None:
    body = contract(f"<Message>m</Message><Severity>{text}</Severity>")
    assert faults(body) == {"message.Severity": [RANGE]}


@pytest.mark.parametrize("text", ["", " ", "4.0", "4.5", "true", "x", "<b>4</b>"])
def test_a_severity_that_is_none_is_refused(text: str) -> None:
    body = contract(f"<Message>m</Message><Severity>{text}</Severity>")
    assert list(faults(body)) == ["message.Severity"]


def test_a_severity_that_is_nil_is_refused() -> None:
    body = contract('<Message>m</Message><Severity i:nil="true"/>')
    assert list(faults(body)) == ["message.Severity"]


@pytest.mark.parametrize("element", ["<Timestamp/>", '<Timestamp i:nil="true"/>'])
def test_a_timestamp_without_text_is_none(element: str) -> None:
    assert send(contract("<Message>m</Message>" + element)).stored["timestamp"] is None


def test_a_root_that_is_nil_is_no_message() -> None:
    body = f'<LogMessage xmlns="{CONTRACT}" xmlns:i="{XSI}" i:nil="true"/>'
    assert faults(body) == {"message.Message": [REQUIRED]}


@pytest.mark.parametrize(
    "body",
    [
        f'<Foo xmlns="{CONTRACT}"><Message>m</Message></Foo>',
        f'<logMessage xmlns="{CONTRACT}"><Message>m</Message></logMessage>',
        "<Foo><Message>m</Message></Foo>",
        contract("stray<Message>m</Message>"),
        contract("<Message>m</Message>") + "trailing",
        contract("<Message>m</Message>") * 2,
        contract("<Message>m</Message>")[:-3],
        contract("<Message>m</LogMessage>"),
        contract("<Message>&foo;</Message>"),
        contract("<Message>a]]>b</Message>"),
        contract("<Message>a\x01b</Message>"),
        contract("<Message>a\x00b</Message>"),
        contract("<Message>a&b</Message>"),
        contract("<Message>&#xD800;</Message>"),
        contract("<Message>&#xFFFF;</Message>"),
        contract("<Message>&#;</Message>"),
        contract("<x:Message>m</x:Message>"),
        "",
        " ",
        "x",
        "{}",
        '\n<?xml version="1.0"?>' + contract("<Message>m</Message>"),
        '<?xml version="1.1"?>' + contract("<Message>m</Message>"),
        '<?xml version="1.0" encoding="utf-16"?>' + contract("<Message>m</Message>"),
    ],
)
def test_what_is_no_such_document_is_refused_as_a_whole(body: str) -> None:
    (advice,) = faults(body)["message"]
    assert advice.endswith(".")


def test_an_element_inside_text_is_refused_at_its_member() -> None:
    assert list(faults(contract("<Message>m<b>m</b></Message>"))) == ["message.Message"]


@pytest.mark.parametrize(
    "doctype",
    [
        "<!DOCTYPE LogMessage>",
        '<!DOCTYPE LogMessage [<!ENTITY x "y">]>',
        '<!DOCTYPE LogMessage SYSTEM "file:///etc/passwd">',
        '<!DOCTYPE LogMessage [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
    ],
)
def test_any_doctype_is_refused(doctype: str) -> None:
    (advice,) = faults(doctype + contract("<Message>&x;</Message>"))["message"]
    assert "DOCTYPE" in advice


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("a&amp;b&#10;&#x41;&#0;", "a&b\nA\x00"),
        ("&#000;&#x0;&#x00000;", "\x00\x00\x00"),
        ("&#1;&#x1F;&#x1f;&#31;&#8;&#9;&#13;", "\x01\x1f\x1f\x1f\x08\t\r"),
        ("<![CDATA[&#0;]]>&#0;", "&#0;\x00"),
        ("<!-- &#0; -->\ue000&#0;\ue001", "\ue000\x00\ue001"),
        ("&#32;&#160;&#128512;x", " \xa0😀x"),
    ],
)
def test_references_to_control_characters_are_read(markup: str, text: str) -> None:
    assert send(contract(f"<Message>{markup}</Message>")).stored["message"] == text


def test_control_characters_survive_in_attributes_of_properties() -> None:
    stored = send(contract('<Message>m</Message><X y="&#0;"/>')).stored
    assert stored["properties"] == b'{"X":{"@y":"\\u0000"}}'


def test_utf16_is_answered_in_kind() -> None:
    text = contract("<Message>é</Message>")
    for mark in ("", "\ufeff"):
        body = (mark + text).encode("utf-16-le")
        answer = ask(body, content_type="application/xml; charset=utf-16")
        assert answer.stored["message"] == "é"
        assert answer.headers["content-type"] == "application/xml; charset=utf-16"
        assert answer.body.startswith(b"\xff\xfe<\x00L\x00")
    declared = '<?xml version="1.0" encoding="utf-16"?>' + text
    assert send(declared.encode("utf-16-le"), "text/xml; charset=utf-16").status == 200


def test_bytes_that_are_no_utf8_are_refused() -> None:
    assert list(faults(contract("<Message>é</Message>").encode("latin-1"))) == ["message"]


@pytest.mark.parametrize(("levels", "status"), [(255, 200), (256, 400)])
def test_nesting_may_reach_256_levels_with_the_root(levels: int, status: int) -> None:
    inner = "<Z>" * levels + "</Z>" * levels
    assert send(contract("<Message>m</Message>" + inner)).status == status


def test_properties_that_would_nest_too_deep_as_json_are_refused() -> None:
    inner = "<Z/><Z>" * 200 + "</Z>" * 200
    (advice,) = faults(contract("<Message>m</Message>" + inner))["message"]
    assert "256" in advice


def test_no_body_at_all_is_a_missing_message() -> None:
    answer = ask(b"", content_type="application/xml", content_length="0")
    assert answer.body.decode() == (
        "<Error><Message>The request is invalid.</Message><ModelState><message.Message>"
        "The Message field is required.</message.Message></ModelState></Error>"
    )
