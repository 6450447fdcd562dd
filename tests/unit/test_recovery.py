"""A token counts only while the part that came with it is there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from logster.store.embedded.recovery import has_lost_tokens, measure_logs, take_back_tokens

if TYPE_CHECKING:
    from pathlib import Path


class Table:
    """A table's folder as the engine leaves it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "store" / "4f0" / "4f0c"
        (self.folder / "deduplication_logs").mkdir(parents=True)

    def log(self, number: int = 1) -> Path:
        return self.folder / "deduplication_logs" / f"deduplication_log_{number}.txt"

    def make(self, *parts: str) -> None:
        for part in parts:
            (self.folder / part).mkdir()


def test_the_token_of_a_part_that_is_not_there_is_taken_back(tmp_path: Path) -> None:
    table = Table(tmp_path)
    table.make("20260921_1_1_0", "20260921_3_3_0")
    table.log().write_text(
        "1\t20260921_1_1_0\t20260921_11_12\n"
        "1\t20260921_2_2_0\t20260921_21_22\n"
        "1\t20260921_3_3_0\t20260921_31_32\n"
    )
    assert take_back_tokens(tmp_path) == 1
    assert table.log().read_text() == (
        "1\t20260921_1_1_0\t20260921_11_12\n"
        "2\t20260921_2_2_0\t20260921_21_22\n"
        "1\t20260921_3_3_0\t20260921_31_32\n"
    )
    assert take_back_tokens(tmp_path) == 0


def test_a_part_that_was_merged_or_changed_is_there(tmp_path: Path) -> None:
    table = Table(tmp_path)
    table.make("20260921_1_5_2", "20260920_7_7_0_9")
    table.log().write_text(
        "1\t20260921_1_1_0\tfirst\n1\t20260921_5_5_0\tlast\n1\t20260920_7_7_0\tchanged\n"
    )
    assert take_back_tokens(tmp_path) == 0


def test_parts_of_other_days_and_blocks_do_not_count(tmp_path: Path) -> None:
    table = Table(tmp_path)
    table.make("20260921_2_5_1")
    table.log().write_text(
        "1\t20260920_3_3_0\tother day\n1\t20260921_1_1_0\tbefore\n1\t20260921_6_6_0\tafter\n"
    )
    assert take_back_tokens(tmp_path) == 3


def test_what_is_not_yet_or_no_longer_a_part_does_not_count(tmp_path: Path) -> None:
    table = Table(tmp_path)
    table.make("tmp_insert_20260921_1_1_0", "delete_tmp_20260921_2_2_0", "detached")
    table.make("detached/broken-on-start_20260921_3_3_0")
    table.log().write_text(
        "1\t20260921_1_1_0\ta\n1\t20260921_2_2_0\tb\n1\t20260921_3_3_0\tc\n",
    )
    assert take_back_tokens(tmp_path) == 3


def test_a_line_that_was_cut_is_taken_away_for_those_that_follow(tmp_path: Path) -> None:
    table = Table(tmp_path)
    table.make("20260921_1_1_0")
    table.log().write_text("1\t20260921_1_1_0\ta\n1\t20260921_2_")
    assert take_back_tokens(tmp_path) == 0
    assert table.log().read_text() == "1\t20260921_1_1_0\ta\n"


def test_every_log_of_every_table_is_looked_through(tmp_path: Path) -> None:
    table = Table(tmp_path)
    for number in (1, 2):
        table.log(number).write_text(f"1\t20260921_{number}_{number}_0\ta\n")
    assert take_back_tokens(tmp_path) == 2


def test_a_folder_without_tables_has_nothing_to_take_back(tmp_path: Path) -> None:
    assert take_back_tokens(tmp_path / "new") == 0


def test_a_damaged_line_hides_no_other(tmp_path: Path) -> None:
    table = Table(tmp_path)
    table.log().write_bytes(b"1\t\xff_1_1\ta\n\nnothing\n1\t20260921_1_1_0\tb\n")
    assert take_back_tokens(tmp_path) == 1
    assert table.log().read_bytes() == b"1\t\xff_1_1\ta\n\nnothing\n2\t20260921_1_1_0\tb\n"


def test_only_tokens_that_are_new_are_missed(tmp_path: Path) -> None:
    """Days that were dropped leave tokens without parts behind."""
    table = Table(tmp_path)
    table.make("20260921_2_2_0")
    table.log().write_text("1\t20260101_1_1_0\ta\n")
    before = measure_logs(tmp_path)
    with table.log().open("a") as file:
        file.write("1\t20260921_2_2_0\tb\n")
    assert not has_lost_tokens(tmp_path, before)
    table.log(2).write_text("1\t20260921_3_3_0\tc\n")
    assert has_lost_tokens(tmp_path, before)
