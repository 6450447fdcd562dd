"""The lock is of the packages that pyproject.toml names: `make lock` writes it."""

import re
import tomllib
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]


def test_the_lock_has_every_package_in_a_version_that_is_allowed():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    named = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    lock = (ROOT / "requirements.lock").read_text()
    locked = {
        plain(name): version
        for name, version in re.findall(r"^([\w.-]+)(?:\[.*?\])?==([^\s;]+)", lock, re.MULTILINE)
    }

    for requirement in map(Requirement, named):
        assert requirement.specifier.contains(locked[plain(requirement.name)]), requirement


def plain(name):
    """A package's name as all of its spellings are compared."""
    return re.sub(r"[-_.]+", "-", name).lower()
