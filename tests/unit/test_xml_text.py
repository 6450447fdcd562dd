"""Names and text of XML answers."""

from __future__ import annotations

from xml.etree.ElementTree import fromstring

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logster.ingest.xml_text import render_element, render_name, render_text


@pytest.mark.parametrize(
    ("name", "encoded"),
    [
        ("message.x[0]", "message.x_x005B_0_x005D_"),
        ("[0]", "_x005B_0_x005D_"),
        ("a:b", "a_x003A_b"),
        ("$", "_x0024_"),
        (" ", "_x0020_"),
        ("'", "_x0027_"),
        ("1a", "_x0031_a"),
        ("-a", "_x002D_a"),
        ("a-b.c_d1", "a-b.c_d1"),
        ("_x0041_", "_x005F_x0041_"),
        ("_X0041_", "_x005F_X0041_"),
        ("_x041_", "_x041_"),
        ("é", "é"),
        ("😀", "_x0001F600_"),
        ("\x00", "_x0000_"),
    ],
)
def test_a_name_is_encoded_as_in_net(name: str, encoded: str) -> None:
    assert render_name(name) == encoded


@given(st.text(min_size=1), st.text())
def test_every_element_is_well_formed(name: str, text: str) -> None:
    element = fromstring(render_element(name, render_text(text)))
    assert element.tag == render_name(name)


def test_text_keeps_what_xml_can_hold() -> None:
    assert render_text("a<b>&\"'\t\n\r\x01\ufffeé") == "a&lt;b&gt;&amp;\"'\t\n&#xD;\ufffd\ufffdé"
