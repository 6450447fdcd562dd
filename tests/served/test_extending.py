"""docs/extending.md: who does as it says gets what it says."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hatch_build import install_packages

from support.walkthrough import copy_source, environment_of, follow, steps_of

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "extending.md").read_text("utf-8")


@pytest.mark.timeout(400)  # two programs that start, on a machine with other work
def test_a_question_is_added_as_the_page_says(tmp_path):
    install_packages(ROOT / "portal")
    copy_source(ROOT, tmp_path)
    commands = follow(steps_of(PAGE, "A question"), tmp_path)

    assert len(commands) == 2
    for command in commands:
        done = subprocess.run(
            ["bash", "-c", command], cwd=tmp_path, env=environment_of(tmp_path),
            capture_output=True, text=True, timeout=180,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
