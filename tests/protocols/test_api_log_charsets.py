"""Forms and XML are read in the charset they name, or refused; no letter is ever replaced."""

from __future__ import annotations

from urllib.parse import quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logster.ingest.charset import CharsetError, decode, find_codec
from support.native import Answer, ask

FORM = "application/x-www-form-urlencoded"
XML = "application/xml"
#: Letters of each, as the name is written by those who use it.
CHARSETS = [
    ("iso-8859-1", "Grüße"),
    ("ISO-8859-1", "Grüße"),
    ("latin1", "Grüße"),
    ("windows-1252", "€ „Grüße“"),
    ("cp1252", "€"),
    ("ISO-8859-15", "€ Grüße"),
    ("windows-1251", "Привет"),
    ("koi8-r", "Привет"),
    ("iso-8859-2", "Łódź"),
    ("Shift_JIS", "日本語"),
    ("euc-jp", "日本語"),
    ("iso-2022-jp", "日本語"),
    ("iso-2022-jp-2", "日本語"),
    ("iso-2022-kr", "한국어"),
    ("hz-gb-2312", "日本"),
    ("gb2312", "中文"),
    ("GBK", "中文"),
    ("gb18030", "中文€"),
    ("big5", "中文"),
    ("euc-kr", "한국어"),
    ("utf-8", "Grüße €"),
    ("UTF8", "Grüße €"),
    ("us-ascii", "plain"),
]


def send_form(body: bytes, charset: str = "") -> Answer:
    named = f"{FORM}; charset={charset}" if charset else FORM
    return ask(body, content_type=named, accept_charset="utf-8")


def send_xml(body: bytes, charset: str = "") -> Answer:
    named = f"{XML}; charset={charset}" if charset else XML
    return ask(body, content_type=named, accept="text/json", accept_charset="utf-8")


def document(text: str, encoding: str = "") -> str:
    head = f'<?xml version="1.0" encoding="{encoding}"?>' if encoding else ""
    return f"{head}<LogMessage><Message>{text}</Message></LogMessage>"


@pytest.mark.parametrize(("charset", "text"), CHARSETS)
def test_a_form_is_read_in_the_charset_of_its_content_type(charset: str, text: str) -> None:
    for value in (quote_plus(text, encoding=charset).encode(), text.encode(charset)):
        answer = send_form(b"Message=" + value + b"&Severity=2", charset)
        assert answer.stored["message"] == text
        assert answer.headers["content-type"] == "application/json; charset=utf-8"
    assert send_form(b"Message=" + value, f'"{charset}"').stored["message"] == text


@pytest.mark.parametrize(("charset", "text"), CHARSETS)
def test_a_form_is_read_in_the_charset_that_a_browser_wrote_into_it(
    charset: str, text: str
) -> None:
    value = quote_plus(text, encoding=charset)
    for body in (f"Message={value}&_charset_={charset}", f"_charset_={charset}&Message={value}"):
        stored = send_form(body.encode()).stored
        assert (stored["message"], stored["properties"]) == (text, None)


def test_names_and_properties_have_the_charset_too() -> None:
    stored = send_form("Message=m&größe=ü".encode("latin-1"), "iso-8859-1").stored
    assert stored["properties"] == '{"größe":"ü"}'.encode()


def test_the_header_counts_more_than_the_field() -> None:
    assert send_form(b"Message=%FC&_charset_=windows-1251", "iso-8859-1").stored["message"] == "ü"


@pytest.mark.parametrize(("charset", "text"), CHARSETS)
def test_xml_is_read_in_the_charset_it_names_somewhere(charset: str, text: str) -> None:
    plain = document(text).encode(charset)
    assert send_xml(plain, charset).stored["message"] == text
    declared = document(text, charset).encode(charset)
    assert send_xml(declared, charset).stored["message"] == text
    assert send_xml(declared).stored["message"] == text


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be", "utf-8"])
def test_a_byte_order_mark_says_the_charset(encoding: str) -> None:
    for text in (document("é€"), document("é€", encoding[:6].rstrip("-"))):
        assert send_xml(("\ufeff" + text).encode(encoding)).stored["message"] == "é€"
    assert send_form("\ufeffMessage=é€&Severity=1".encode(encoding)).stored["message"] == "é€"


def test_a_form_in_utf16_is_read_whole_and_one_of_bytes_as_ever() -> None:
    assert send_form("Message=é&User=u".encode("utf-16-le"), "utf-16").stored["message"] == "é"
    assert send_form(b"Message=m", "utf-16").stored["message"] == "m"


@pytest.mark.parametrize(
    ("body", "charset", "told"),
    [
        (b"Message=Gr%FC%DFe&Application=c19", "", "name its charset in the Content-Type"),
        (b"Message=Gr\xfc\xdfe", "", "field Message is not valid UTF-8"),
        (b"Message=m&x=%ff", "utf-8", "field x is not utf-8, as its charset says"),
        (b"Message=%81", "windows-1252", "not windows-1252, as its charset says"),
        (b"Message=%FC", "us-ascii", "not us-ascii"),
        (b"Message=%FC&_charset_=utf-8", "", "not utf-8"),
        (b"Message=%FC", "ebcdic-de", "the charset 'ebcdic-de', which is not known"),
        (b"Message=%FC&_charset_=rot13", "", "'rot13', which is not known"),
        (b"Message=%FC", "zlib", "not known"),
        (b"Message=%FC%00", "utf-16", "not valid UTF-8"),
        (b"Message=%ED%A0%80", "", "not valid UTF-8"),
    ],
)
def test_bytes_that_are_no_text_are_told_what_to_do(body: bytes, charset: str, told: str) -> None:
    answer = send_form(body, charset)
    assert answer.status == 400
    assert answer.events == []
    (advice,) = answer.model_state["message"]
    assert told in advice


def test_ascii_is_ascii_whatever_charset_nobody_knows() -> None:
    assert send_form(b"Message=m", "bogus").stored["message"] == "m"
    assert send_xml(document("m").encode(), "bogus").stored["message"] == "m"


@pytest.mark.parametrize(
    ("body", "charset", "told"),
    [
        (document("é").encode("latin-1"), "", "name its charset in the Content-Type"),
        (document("é", "utf-8").encode("latin-1"), "", "not valid UTF-8"),
        (document("é").encode(), "bogus", "'bogus', which is not known"),
        (document("é", "bogus").encode(), "", "'bogus', which is not known"),
        (document("m", "utf-16").encode(), "", "says 'utf-16', but the body is utf-8"),
        (document("m", "iso-8859-1").encode(), "utf-8", "says 'iso-8859-1'"),
        (document("m", "utf-8").encode("latin-1"), "iso-8859-1", "says 'utf-8'"),
        (("\ufeff" + document("m")).encode(), "iso-8859-1", "says 'iso-8859-1'"),
        (document("m").encode(), "utf-16", ""),
    ],
)
def test_xml_that_says_two_things_or_is_another_is_refused(
    body: bytes, charset: str, told: str
) -> None:
    answer = send_xml(body, charset)
    assert answer.status == 400
    assert told in answer.model_state["message"][0]


def test_json_stays_utf8_whatever_it_names() -> None:
    latin = "application/json; charset=iso-8859-1"
    assert ask('{"Message":"é"}'.encode(), content_type=latin).stored["message"] == "é"
    assert ask('{"Message":"é"}'.encode("latin-1"), content_type=latin).status == 400


@given(st.text(max_size=20))
def test_a_name_of_a_charset_is_known_or_not(name: str) -> None:
    codec = find_codec(name)
    assert codec is None or decode(b"", codec, name) == ""


@given(
    st.binary(max_size=30),
    st.sampled_from(["utf-8", "windows-1252", "gb18030", "us-ascii", "utf-16"]),
)
def test_what_is_decoded_is_what_was_encoded(text: bytes, charset: str) -> None:
    codec = find_codec(charset)
    assert codec is not None
    try:
        read = decode(text, codec, charset)
    except CharsetError:
        return
    assert read.encode("utf-16-le" if charset == "utf-16" else charset) == text


@pytest.mark.parametrize("body", ['{"Message":"m"}', ' [{"Message":"m"}]', "<LogMessage/>"])
def test_who_forgot_the_content_type_of_json_or_xml_is_told(body: str) -> None:
    state = ask(body, content_type=FORM).model_state
    assert state["message.Message"] == ["The Message field is required."]
    assert f"application/{'xml' if '<' in body else 'json'}" in state["message"][0]


@pytest.mark.parametrize("charset", ["utf-7", "UTF7", "unicode-1-1-utf-7", "iso-2022-cn"])
def test_ascii_that_may_be_other_letters_is_refused_where_nobody_knows_them(charset: str) -> None:
    for answer in (
        send_form(b"Message=Gr%2BAPw-n", charset),
        send_form(b"Message=Gr%2BAPw-n&_charset_=" + charset.encode()),
        send_xml(document("Gr+APw-n").encode(), charset),
        send_xml(document("Gr+APw-n", charset).encode()),
    ):
        assert answer.status == 400
        assert "not known; send UTF-8" in answer.body.decode()
