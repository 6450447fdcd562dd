"""A command as a user without root's powers would run it, whoever runs the tests."""

from __future__ import annotations

import os
import shutil

import pytest

#: Root still, but bound by modes and owners as everybody is.
_WITHOUT_POWERS = ["setpriv", "--bounding-set=-all", "--inh-caps=-all"]


def without_powers(*command: object) -> list[str]:
    """The command, bound by modes and owners; skips the test where that cannot be had."""
    words = [str(word) for word in command]
    if os.geteuid() != 0:
        return words
    if not shutil.which("setpriv"):
        pytest.skip("root needs setpriv to be without its powers")
    return [*_WITHOUT_POWERS, *words]
