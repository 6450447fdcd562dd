"""Columns stay parallel; empty and absent differ."""

from hypothesis import given
from hypothesis import strategies as st

from logster.event import TEXT_FIELDS, Columns, blank_masks

optional_texts = st.one_of(st.none(), st.just(""), st.text(max_size=3))
rows = st.lists(
    st.fixed_dictionaries(
        {"message": st.text(max_size=3), "user": optional_texts, "host": optional_texts}
    ),
    min_size=1,
    max_size=5,
)


def columns_of(rows, *, drop_empty=True):
    def column(name):
        values = [row[name] for row in rows]
        return None if drop_empty and all(value is None for value in values) else values

    return Columns(
        message=column("message"),
        severity=[0] * len(rows),
        user=column("user"),
        host=column("host"),
    )


@given(rows, rows)
def test_joined_columns_hold_the_rows_of_both(first, second):
    joined = columns_of(first)
    joined.extend(columns_of(second))

    for name in ("user", "host"):
        values = getattr(joined, name) or [None] * len(joined)
        assert values == [row[name] for row in first + second]


@given(rows, st.data())
def test_removed_events_are_gone_from_every_column(rows, data):
    indexes = sorted(data.draw(st.sets(st.integers(0, len(rows) - 1))))
    columns = columns_of(rows, drop_empty=False)
    columns.remove(indexes)

    kept = [row for index, row in enumerate(rows) if index not in indexes]
    assert columns.message == [row["message"] for row in kept]
    assert columns.user == [row["user"] for row in kept]


@given(rows)
def test_the_mask_tells_empty_text_from_absent_text(rows):
    masks = blank_masks(columns_of(rows)) or [0] * len(rows)

    for mask, row in zip(masks, rows, strict=True):
        for name in ("message", "user", "host"):
            assert bool(mask >> TEXT_FIELDS.index(name) & 1) == (row[name] == "")


def test_a_size_counts_the_texts_and_the_properties_of_its_event():
    columns = Columns(
        message=["abc", "d"],
        severity=[2, 2],
        user=[None, "ef"],
        properties=[b'{"a":1}', None],
    )
    assert columns.sizes() == [10, 3]


def test_a_size_counts_bytes_and_not_letters():
    columns = Columns(message=["é", "a", "🦀"], severity=[2] * 3, user=["é", None, ""])
    assert columns.sizes() == [4, 1, 4]


@given(rows)
def test_no_event_is_larger_than_the_bound(rows):
    columns = columns_of(rows)
    assert max(columns.sizes()) <= columns.size_bound()
