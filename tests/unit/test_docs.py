"""The documentation agrees with the program."""

import re
import shutil
import tomllib
from graphlib import CycleError
from pathlib import Path

import pytest
from docs import imports

from logster import __version__
from logster.config import (
    MAX_WORKERS,
    SETTINGS,
    Config,
    dump_config,
    load_config,
    render_settings,
)
from logster.errors import ConfigError
from logster.query.parse import parse_filter
from logster.query.question import parse_question
from logster.query.variables import bind
from logster.spool.slots import MAX_SLOTS
from support.walkthrough import follow, steps_of

ROOT = Path(__file__).parents[2]
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]


def test_every_setting_is_documented_as_it_is():
    assert (ROOT / "docs/reference/settings.md").read_text() == render_settings()


def test_the_changelog_the_package_and_the_program_name_one_version():
    package = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    newest = re.findall(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)[0]

    assert newest == package == __version__


def test_only_the_newest_version_of_the_changelog_may_lack_its_day():
    newest, *released = re.findall(r"^## (.+)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)

    assert re.fullmatch(r"\d+\.\d+\.\d+ \N{EN DASH} (\d{4}-\d\d-\d\d|unreleased)", newest)
    for heading in released:
        assert re.fullmatch(r"\d+\.\d+\.\d+ \N{EN DASH} \d{4}-\d\d-\d\d", heading)


def test_every_release_has_left_a_folder_for_the_upgrade_test():
    released = re.findall(
        r"^## (\S+) \N{EN DASH} \d", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE
    )

    for version in released:
        assert (ROOT / f"tests/releases/{version}.tar.xz").is_file(), "make release-folder"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_between_pages_leads_somewhere(page):
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text()):
        assert (page.parent / target).exists(), target


def test_every_change_of_the_page_on_adding_has_its_place(tmp_path):
    page = (ROOT / "docs/extending.md").read_text()
    for section in re.findall(r"^## (.+)$", page, re.MULTILINE):
        steps = steps_of(page, section)
        copy = tmp_path / section
        for path in (copy / step.path for step in steps if step.path):
            path.parent.mkdir(parents=True, exist_ok=True)
        for path in {step.path for step in steps if step.language == "diff"}:
            shutil.copy(ROOT / path, copy / path)
        assert follow(steps, copy), section


def test_every_search_of_the_reference_is_understood():
    searches = examples_of("Search")
    assert len(searches) > 20
    for text in searches:
        assert parse_filter(text)


def test_every_pipe_of_the_reference_is_understood():
    questions = examples_of("Question")
    assert len(questions) > 8
    for text in questions:
        assert parse_question(text)[1] is not None, text


def test_every_binding_of_the_reference_is_what_happens():
    page = (ROOT / "docs/reference/dashboards.md").read_text()
    table = page.split("| in the tile |")[1].split("\n\n")[0]
    rows = re.findall(r"^\| `(.*?)` \| (.*?) \| `(.*?)` \|$", table, re.MULTILINE)
    assert len(rows) > 5
    for question, chosen, asked in rows:
        values = re.findall(r"`(.*?)`", chosen)
        assert bind(question, dict.fromkeys(("app", "least", "user"), values)) == asked


def examples_of(head):
    """The first column of the table with this head."""
    page = (ROOT / "docs/reference/search.md").read_text()
    table = page.split(f"| {head} |")[1].split("\n\n")[0]
    return [text.replace("\\|", "|") for text in re.findall(r"^\| `(.*?)` \|", table, re.MULTILINE)]


def test_a_setting_that_cannot_be_used_is_named_with_what_would_do():
    with pytest.raises(ConfigError, match=r"LOGSTER_PORT \(--port\) is '99999'.*Default: 8000"):
        load_config({}, {"LOGSTER_PORT": "99999"})


@pytest.mark.parametrize(
    ("name", "value", "wanted"),
    [
        ("port", "abc", "a whole number from 0 to 65535"),
        ("port", "", "a whole number from 0 to 65535"),
        ("workers", "0", "a whole number from 1 to 16"),
        ("workers", "1.5", "a whole number from 1 to 16"),
        ("node", "-1", "a whole number from 0 to 63"),
        ("max_spool_bytes", "4MiB", "a whole number of bytes, 1 or more"),
        ("engine_memory_bytes", "9" * 40, "that 64 bits can hold"),
        ("body_timeout_s", "soon", "a number above 0 and up to 86,400"),
        ("query_timeout_s", "inf", "a number above 0 and up to 86,400"),
        ("session_days", "1000000", "a whole number from 1 to 10000"),
        ("data", "", "a text that is not empty"),
        ("host", "", "a text that is not empty"),
    ],
)
def test_what_a_setting_must_be_is_said_in_words(name, value, wanted):
    variable, flag = f"LOGSTER_{name.upper()}", f"--{name.replace('_', '-')}"
    for flags, variables in (({name: value}, {}), ({}, {variable: value})):
        if variables and not value:
            continue  # an empty variable is none
        with pytest.raises(ConfigError) as caught:
            load_config(flags, variables)
        assert str(caught.value).startswith(f"{variable} ({flag}) is {value!r}: it must be ")
        assert wanted in str(caught.value)


def test_every_setting_that_cannot_be_says_what_it_must_be():
    for name in SETTINGS:
        with pytest.raises(ConfigError, match="it must be a "):
            load_config({name: []}, {})


def test_a_home_folder_that_nobody_has_is_told():
    with pytest.raises(ConfigError, match="no home folder"):
        load_config({"data": "~no-such-person/logster"}, {})


def test_what_is_printed_of_the_settings_is_the_same_on_every_machine(monkeypatch):
    before = render_settings(), str(Config())
    monkeypatch.setattr("os.cpu_count", lambda: 77)
    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(77)))
    assert (render_settings(), str(Config())) == before
    assert "77" not in before[0]
    assert Config().question_threads == 77
    assert Config(engine_threads=3).question_threads == 3


def test_there_may_be_as_many_workers_as_spools():
    assert MAX_WORKERS == MAX_SLOTS


def test_a_secret_setting_is_not_shown_in_an_error():
    with pytest.raises(ConfigError) as error:
        load_config({"store_url": 5}, {})
    assert "5" not in str(error.value).split("Default")[0]


def test_a_flag_wins_over_a_variable_and_a_variable_over_the_default():
    assert load_config({"port": "1"}, {"LOGSTER_PORT": "2"}).port == 1
    assert load_config({"port": None}, {"LOGSTER_PORT": "2"}).port == 2
    assert load_config({}, {}).port == Config().port


def test_settings_reach_the_processes_that_are_started_as_they_are():
    config = load_config({"port": "9", "body_timeout_s": "1.5", "data": "/somewhere"}, {})
    assert load_config({}, dump_config(config)) == config


def test_the_drawn_import_graph_is_that_of_the_source():
    drawing = imports.render_graph(imports.read_graph())
    assert drawing in imports.PAGE.read_text(), "make docs draws it anew"


def test_every_import_between_packages_is_allowed_types_and_functions_too():
    assert imports.find_offences(imports.list_imports()) == []


def test_no_package_imports_in_a_circle():
    assert imports.order(imports.read_graph())  # raises CycleError, which names the circle


def test_the_table_of_allowed_imports_names_none_that_is_not_there():
    found = {(one.importer, one.imported) for one in imports.list_imports()}
    assert imports.ALLOWED.keys() <= found


def test_no_stage_may_import_another_one_or_the_pipeline():
    stages = set(imports.STAGES)
    between = {pair for pair in imports.ALLOWED if pair[0] in stages}
    # The type of a grant; the tables of issues.
    assert between <= {("ingest", "meta"), ("track", "meta")}


@pytest.mark.parametrize(
    ("module", "line", "imported"),
    [
        ("spool/drain.py", "from {} import insert", "store.insert"),
        ("store/engine.py", "if TYPE_CHECKING: from {} import Step", "pipeline"),
        ("ingest/body.py", "def read(): import {}", "spool"),
        ("errors.py", "import {}", "event"),
        ("event.py", "from {} import build_app", "web.app"),
    ],
)
def test_an_import_that_goes_up_or_across_is_named(tmp_path, module, line, imported):
    path = tmp_path / "logster" / module
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"import os\n{line.format(f'logster.{imported}')}\nimport logster.zones\n")
    importer, package = module.split("/")[0].removesuffix(".py"), imported.split(".")[0]

    assert imports.find_offences(imports.list_imports(tmp_path / "logster")) == [
        f"logster/{module}:2 imports logster.{imported}: {importer} may not import {package}",
        f"logster/{module}:3 imports logster.zones: {importer} may not import zones",
    ]


def test_a_circle_of_types_is_a_circle(tmp_path):
    for importer, imported in (("event", "block"), ("block", "event")):
        text = f"if TYPE_CHECKING:\n    from logster.{imported} import x"
        (tmp_path / f"{importer}.py").write_text(text)

    with pytest.raises(CycleError):
        imports.order(imports.read_graph(tmp_path))
