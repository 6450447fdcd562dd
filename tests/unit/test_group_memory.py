"""What was seen before never decides the key of another error."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from logster.track.group import Grouper, Texts

TRACE = 'Traceback (most recent call last):\n  File "/srv/shop/pay.py", line 7, in pay\n    x\n'
OTHER = "System.IO.IOException: gone\n   at Shop.Pay.Run() in /src/Pay.cs:line 7"
SAID = (None, "", "KeyError", "KeyError: 7", "KeyError: order lost", "boom", TRACE + "KeyError: 7")

texts = st.builds(
    Texts,
    application=st.sampled_from([None, "shop"]),
    exception=st.sampled_from(SAID),
    stack_trace=st.sampled_from([None, "", TRACE + "KeyError: 7", TRACE, OTHER, "no trace"]),
    message=st.sampled_from(["", " ", "!", "7", "disk full", "order 7 lost", f"bad\n{TRACE}E: x"]),
    template=st.sampled_from([None, "", "{}", "order {id} lost", "disk {what}"]),
    details=st.sampled_from(
        [
            None,
            b'{"fingerprint": ["{{ default }}", "x"]}',
            b'{"fingerprint": "mine"}',
            b'{"exception": {"values": [{"type": "KeyError"}]}}',
        ]
    ),
    properties=st.just(None),
)


@given(st.lists(texts, min_size=2, max_size=12))
def test_a_key_is_what_it_is_for_who_has_seen_nothing(errors: list[Texts]) -> None:
    warm = Grouper()
    assert [warm.key_of(error, 1) for error in errors] == [
        Grouper().key_of(error, 1) for error in errors
    ]
