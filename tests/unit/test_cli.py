"""The command line as a whole: it starts at once, and its help says what its commands do."""

from __future__ import annotations

import importlib
import os
import re
import subprocess
import sys

import click
import pytest
from click.testing import CliRunner

from logster.cli import COMMANDS, main
from logster.config import SETTINGS, variable_of


def test_help_lists_every_command():
    result = CliRunner().invoke(main, ["--help"])

    assert result.exit_code == 0
    for name, text in COMMANDS.items():
        assert f"  {name} " in result.output
        assert text in result.output


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_and_the_name_it_is_called_by(name):
    module = importlib.import_module(f"logster.cli.{name}")

    assert isinstance(module.command, click.Command)
    assert module.command.name == name
    assert module.command.help
    assert CliRunner().invoke(main, [name, "--help"]).exit_code == 0


def test_help_imports_no_command_and_nothing_heavy():
    program = (
        "import sys; from logster.cli import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: pass\n"
        "print([name for name in sys.modules if name.split('.')[0] in "
        "('httpx', 'msgspec', 'rich', 'sqlalchemy', 'pyarrow', 'litestar')])"
    )

    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize(
    ("line", "meant"),
    [(["serch"], "search"), (["sned"], "send"), (["SERVE"], "serve"), (["doct"], "doctor"),
     (["keys"], "key"), (["key", "lst"], "list"), (["spool", "replya"], "replay"),
     (["search", "--jsn"], "--json"), (["serve", "--prot", "1"], "--port"),
     (["retention", "sett"], "set")],
)  # fmt: skip
def test_what_is_misspelt_is_wrong_usage_and_gets_a_suggestion(line, meant):
    result = CliRunner().invoke(main, line)

    assert result.exit_code == 2
    assert re.search(f"Did you mean[^\n]*{meant}", result.stderr)


def test_what_is_like_no_command_gets_no_suggestion():
    result = CliRunner().invoke(main, ["xylophone"])
    assert result.exit_code == 2
    assert result.stderr.endswith("No such command 'xylophone'.\n")


def test_files_that_commands_make_are_for_their_owner_alone(monkeypatch, tmp_path):
    @main.command("probe")
    def probe():
        (tmp_path / "made").touch()

    monkeypatch.setattr(main, "_lazy", {"probe": ""})
    monkeypatch.setattr(main, "get_command", lambda *_: probe)
    before = os.umask(0o022)
    try:
        CliRunner().invoke(main, ["probe"])
        assert os.umask(0o022) == 0o022, "and the process is as it was"
    finally:
        os.umask(before)
        main.commands.pop("probe")
    assert (tmp_path / "made").stat().st_mode & 0o777 == 0o600


def test_a_file_that_cannot_be_used_is_a_sentence(monkeypatch):
    def fail(*_):
        raise PermissionError(13, "Permission denied", "/some/file")

    monkeypatch.setattr("logster.cli.settings.load_config", fail)
    result = CliRunner().invoke(main, ["key", "list"])
    assert result.exit_code == 2
    assert result.stderr == "Error: /some/file: Permission denied.\n"


def test_serve_has_one_flag_per_setting_with_its_variable():
    text = CliRunner().invoke(main, ["serve", "--help"], terminal_width=300).output

    for name in SETTINGS:
        assert f"--{name.replace('_', '-')} " in text
        assert variable_of(name) in text


def test_serve_refuses_a_setting_that_cannot_be_before_it_starts():
    result = CliRunner().invoke(main, ["serve", "--port", "70000"])

    assert result.exit_code == 2
    assert "LOGSTER_PORT (--port) is '70000'" in result.stderr
