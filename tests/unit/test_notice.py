"""Several notices as one: nothing of them is missing, and it does not grow without end."""

from logster.notice import MAX_NAMES, Notice, Stored, merge


def names(count, first=0):
    return frozenset(f"app-{number}" for number in range(first, first + count))


def test_one_alone_stays_as_it_is():
    notice = Notice("token", {1: Stored(1, 5, 6)})

    assert merge(None, notice) is notice


def test_each_workspace_has_the_whole_range_and_all_names():
    one = Notice("a", {1: Stored(2, 10, 20, frozenset({"x"})), 2: Stored(1, 5, 5)})
    other = Notice("b", {1: Stored(3, 1, 15, frozenset({"y"})), 3: Stored(1, 7, 7)})

    assert merge(one, other) == Notice(
        None,
        {
            1: Stored(5, 1, 20, frozenset({"x", "y"})),
            2: Stored(1, 5, 5),
            3: Stored(1, 7, 7),
        },
    )


def test_too_many_names_could_be_any_and_stay_so():
    merged = merge(
        Notice("a", {1: Stored(1, 1, 1, names(MAX_NAMES))}),
        Notice("b", {1: Stored(1, 1, 1, names(1, MAX_NAMES))}),
    )
    assert merged.workspaces is not None
    assert merged.workspaces[1].applications is None
    again = merge(merged, Notice("c", {1: Stored(1, 1, 1, names(1))}))
    assert again.workspaces is not None
    assert again.workspaces[1].applications is None


def test_what_could_not_be_read_could_be_anything_and_stays_so():
    merged = merge(Notice("a", None), Notice("b", {1: Stored(1, 1, 1)}))
    assert merged == merge(merged, Notice("c", {1: Stored(1, 1, 1)})) == Notice(None, None)
