"""The clients of other servers that `tests/clients` sends with: `make clients-ready`.

In: the locks in `tests/clients`. Out: a folder with their packages: `python/` (a venv),
`node_modules/` and `debian/` (unpacked, not installed: some of them exclude each other, and none
is to be started as a service).
Promise: what is there already is left alone; no script of a package is run.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

from hatch_build import install_packages

LOCKS = Path(__file__).parents[1] / "clients"


def install_python(folder: Path) -> None:
    """A venv of the packages in requirements.txt."""
    lock = LOCKS / "requirements.txt"
    if not _has_changed(folder / "python", lock):
        return
    uv = Path(sys.executable).with_name("uv")
    _run(uv, "venv", "-q", "--allow-existing", "--python", sys.executable, folder / "python")
    _run(uv, "pip", "install", "-q", "-p", folder / "python", "--require-hashes", "-r", lock)
    _note(folder / "python", lock)


def install_node(folder: Path) -> None:
    """The packages in package-lock.json, by the npm that the environment has."""
    for name in ("package.json", "package-lock.json"):
        shutil.copy(LOCKS / name, folder)
    install_packages(folder)


def install_debian(folder: Path) -> None:
    """Debian's packages, with what they need and this machine has not."""
    lock, archives = LOCKS / "debian.txt", folder / "archives"
    if not _has_changed(folder / "debian", lock):
        return
    (archives / "partial").mkdir(parents=True, exist_ok=True)
    update = subprocess.run(["apt-get", "update", "-qq"], capture_output=True, text=True)
    for package in lock.read_text().split():
        options = ["-o", "Debug::NoLocking=1", "-o", f"Dir::Cache::archives={archives.resolve()}"]
        options += ["--no-install-recommends", "--download-only", "--reinstall"]
        command = ["apt-get", "install", "-qq", "-y", *options, package]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(f"{package}: {done.stderr}\n{update.stderr}")
    for archive in archives.glob("*.deb"):
        _run("dpkg-deb", "-x", archive, folder / "debian")
    _note(folder / "debian", lock)


def _run(*command: str | Path) -> None:
    subprocess.run(list(map(str, command)), check=True)


def _has_changed(target: Path, lock: Path) -> bool:
    stamp = target / ".lock-sha256"
    return not stamp.is_file() or stamp.read_text() != _hash(lock)


def _note(target: Path, lock: Path) -> None:
    (target / ".lock-sha256").write_text(_hash(lock))


def _hash(lock: Path) -> str:
    return hashlib.sha256(lock.read_bytes()).hexdigest()


if __name__ == "__main__":
    target = Path(sys.argv[1]).resolve()
    target.mkdir(parents=True, exist_ok=True)
    install_python(target)
    install_node(target)
    install_debian(target)
