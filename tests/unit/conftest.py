"""What a unit writes is written to memory: that a sync reaches the disk, other rings prove."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support.memory import memory_folder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    with memory_folder() as folder:
        yield folder
