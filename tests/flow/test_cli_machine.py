"""`key`, `user` and `spool` on a real data folder, as on the server's own machine."""

from __future__ import annotations

import asyncio
import json

import pytest
from click.testing import CliRunner

from logster.cli import main
from logster.errors import UnauthorizedError
from logster.event import Batch, Columns
from logster.meta.accounts import Accounts
from logster.meta.bootstrap import bootstrap
from logster.meta.database import open_database
from logster.meta.grants import Right
from logster.spool.packing import pack
from logster.spool.quarantine import list_aside
from logster.spool.queue import Block
from logster.spool.spool import Spool
from support.meta import FAST_HASHER, add_workspace, file_url, running_meta
from support.spooled import put_aside


@pytest.fixture
def data(tmp_path, monkeypatch):
    """A data folder after the first start."""
    for name in ("LOGSTER_DATA", "LOGSTER_META_URL"):
        monkeypatch.delenv(name, raising=False)
    database = open_database(f"sqlite:///{tmp_path / 'meta.sqlite'}")
    bootstrap(database, admin="ada@example.org:correct horse", hasher=FAST_HASHER)
    add_workspace(database, "other")
    database.close()
    return tmp_path


def run(data, *arguments, stdin=None):
    return CliRunner().invoke(main, [*arguments, "--data", str(data)], input=stdin)


def listed(data, *arguments):
    return [json.loads(line) for line in run(data, *arguments, "--json").stdout.splitlines()]


def check(data, text, right):
    with running_meta(file_url(data)) as meta:
        return meta.grants.check(text, right)


def test_a_key_that_was_made_works_and_its_text_is_the_output(data):
    result = run(data, "key", "create", "shop", "--right", "ingest", "--right", "read")

    assert result.exit_code == 0
    text = result.stdout.strip()
    assert check(data, text, Right.READ).rights == {Right.INGEST, Right.READ}
    [made, _] = listed(data, "key", "list")
    assert (made["name"], made["rights"], made["revoked_at"]) == ("shop", ["ingest", "read"], None)
    assert text not in run(data, "key", "list").output
    assert f"://{text}@127.0.0.1:8000/{made['id']}" in result.stderr


def test_a_key_is_made_with_settings_set_shown_and_freed_of_them(data):
    made = run(
        data, "key", "create", "shop", "--application", "shop", "--rate", "10", "--burst", "50",
        "--property", "team=core", "--property", "x=a=b", "--origin", "https://shop.example",
    )  # fmt: skip
    assert made.exit_code == 0, made.output
    grant = check(data, made.stdout.strip(), Right.INGEST)
    assert grant.rules.defaults == (("application", "shop"),)
    assert grant.rules.settings.properties == {"team": "core", "x": "a=b"}
    number = str(grant.key)

    changed = run(
        data, "key", "set", number, "--minimum-severity", "warn", "--filter", "-health",
        "--daily-bytes", "1GiB", "--burst", "", "--property", "", "--application", "",
    )  # fmt: skip
    assert changed.exit_code == 0, changed.output
    [shown] = listed(data, "key", "show", number)
    assert shown["settings"] == {
        "application": None,
        "environment": None,
        "category": None,
        "minimum_severity": "warn",
        "filter": "-health",
        "properties": {},
        "events_per_second": 10.0,
        "burst_events": None,
        "daily_bytes": 1024**3,
        "origins": ["https://shop.example"],
    }
    assert shown["used_today_bytes"] == 0
    told = run(data, "key", "show", number).stdout
    assert "https://shop.example" in told
    assert "-health" in told
    assert "team" not in told


@pytest.mark.parametrize(
    ("option", "value", "told"),
    [
        ("--filter", "severity>=", "The filter: "),
        ("--daily-bytes", "many", "no size"),
        ("--rate", "fast", "no number"),
        ("--rate", "0", "lets nothing in"),
        ("--burst", "5", "set both"),
        ("--minimum-severity", "loud", "loud"),
        ("--origin", "shop.example", "no origin"),
        ("--property", "team", "name=value"),
    ],
)
def test_a_setting_that_cannot_be_is_told_by_its_name(data, option, value, told):
    made = run(data, "key", "create", "shop", option, value)

    assert made.exit_code != 0
    assert told in made.output or told in str(made.exception)
    assert len(listed(data, "key", "list")) == 1


def test_a_key_of_another_workspace_is_not_set(data):
    run(data, "key", "create", "theirs", "--workspace", "other")
    number = str(listed(data, "key", "list", "--workspace", "other")[0]["id"])

    assert run(data, "key", "set", number, "--filter", "x").exit_code != 0
    [shown] = listed(data, "key", "show", number, "--workspace", "other")
    assert shown["settings"]["filter"] is None


def test_a_key_may_only_send_unless_told_otherwise(data):
    run(data, "key", "create", "shop")

    assert listed(data, "key", "list")[0]["rights"] == ["ingest"]


def test_a_revoked_key_is_refused(data):
    text = run(data, "key", "create", "shop").stdout.strip()
    number = listed(data, "key", "list")[0]["id"]

    assert run(data, "key", "revoke", str(number)).exit_code == 0

    with pytest.raises(UnauthorizedError):
        check(data, text, Right.INGEST)
    assert "revoked 20" in run(data, "key", "list").stdout


def test_keys_belong_to_a_workspace(data):
    run(data, "key", "create", "shop", "--workspace", "other")

    assert [key["name"] for key in listed(data, "key", "list", "--workspace", "other")] == ["shop"]
    assert "shop" not in run(data, "key", "list").stdout


@pytest.mark.parametrize(
    ("arguments", "advice"),
    [
        (("key", "revoke", "999"), "999"),
        (("key", "create", " "), "name"),
        (("key", "create", "x", "--workspace", "none"), "Workspaces: 'default', 'other'"),
        (("user", "password", "eve@example.org"), "There is no account"),
        (("user", "create", "no-address"), "not an email address"),
        (("user", "create", "ada@example.org"), "already"),
        (("user", "disable", "eve@example.org"), "There is no account"),
        (("user", "disable", "ada@example.org"), "last administrator"),
        (("spool", "replay"), "--all"),
    ],
)
def test_what_cannot_be_done_says_why(data, arguments, advice):
    (data / "spool").mkdir()

    result = run(data, *arguments, stdin="a good password\n")

    assert result.exit_code == 2
    assert advice in result.stderr


def test_a_folder_that_is_no_data_folder_is_named_and_not_made(data):
    missing = data / "missing"

    for arguments in (("key", "list"), ("spool",)):
        result = run(missing, *arguments)
        assert result.exit_code == 2
        assert str(missing) in result.stderr
    assert not missing.exists()


def log_in(data, email, password):
    async def log_in():
        database = open_database(f"sqlite:///{data / 'meta.sqlite'}")
        accounts = Accounts(database, session_days=1)
        try:
            return (await accounts.log_in(email, password, "192.0.2.1")).session
        finally:
            accounts.close()
            database.close()

    return asyncio.run(log_in())


def test_an_account_that_was_made_can_log_in(data):
    result = run(
        data, "user", "create", "Bob@example.org", "--role", "viewer", stdin="bobs secret\n"
    )

    assert result.exit_code == 0
    assert log_in(data, "bob@example.org", "bobs secret").role == "viewer"
    assert {
        "email": "bob@example.org",
        "workspace": "default",
        "role": "viewer",
        "is_disabled": False,
    } in listed(data, "user", "list")


def test_an_email_that_has_an_account_is_told_so_without_the_usage(data):
    result = run(data, "user", "create", "Ada@Example.org", stdin="a good password\n")

    assert result.exit_code == 2
    assert "already" in result.stderr
    assert "Usage" not in result.stderr


def test_a_disabled_account_cannot_log_in_until_it_is_enabled(data):
    run(data, "user", "create", "bob@example.org", stdin="bobs secret\n")

    assert run(data, "user", "disable", "Bob@example.org").exit_code == 0
    with pytest.raises(UnauthorizedError, match="disabled"):
        log_in(data, "bob@example.org", "bobs secret")
    assert "disabled" in run(data, "user", "list").stdout
    assert run(data, "user", "enable", "bob@example.org").exit_code == 0
    assert log_in(data, "bob@example.org", "bobs secret").email == "bob@example.org"


def test_a_new_password_replaces_the_old_one(data):
    assert run(data, "user", "password", "ada@example.org", stdin="another secret\n").exit_code == 0

    assert log_in(data, "ada@example.org", "another secret").email == "ada@example.org"
    with pytest.raises(UnauthorizedError):
        log_in(data, "ada@example.org", "correct horse")


def test_a_short_password_is_refused(data):
    result = run(data, "user", "password", "ada@example.org", stdin="short\n")

    assert result.exit_code == 2
    assert "8 to" in result.stderr


@pytest.fixture
def spooled(data):
    """Two events that wait and a block of three that was set aside."""
    (data / "spool").mkdir()

    async def fill():
        path = data / "spool" / "spool-00.sqlite"
        spool: Spool[str] = Spool(
            path, pack=lambda items: Block(len(items), b"x" * 10, 10), max_bytes=1 << 20
        )
        spool.start()
        await spool.append("bad", 10)
        claim = await spool.take(1 << 20, 1 << 20)
        assert claim is not None
        await spool.set_aside(claim, [(Block(3, b"bad", 3), "no such\n\x1b[31mcolumn")])
        await spool.append("good", 10)
        await spool.close()

    asyncio.run(fill())
    return data


def test_the_spool_shows_what_waits_and_what_was_set_aside(spooled):
    [state] = listed(spooled, "spool")

    assert (state["name"], state["events"], state["bytes"], state["aside_events"]) == (
        "spool-00",
        1,
        10,
        3,
    )
    head, row = run(spooled, "spool").stdout.splitlines()
    assert head.split() == ["spool", "events", "bytes", "oldest", "set", "aside", "lost"]
    assert row.split()[:3] == ["spool-00", "1", "10"]


def test_a_set_aside_block_is_shown_with_its_reason_and_replayed(spooled):
    assert "no such \\x1b[31mcolumn" in run(spooled, "spool", "aside").stdout
    [block] = listed(spooled, "spool", "aside")

    assert run(spooled, "spool", "replay", block["block"]).exit_code == 0

    assert listed(spooled, "spool")[0]["events"] == 4
    assert listed(spooled, "spool", "aside") == []


def test_the_events_of_a_set_aside_block_are_printed(data):
    columns = Columns(message=["lost?"], severity=[4], timestamp=[0], properties=[b'{"n": 1}'])
    block = pack([Batch(columns, [5], 1_700_000_000_000_000_000, 1, 2, "api_log")])
    number = put_aside(data / "spool" / "spool-00.sqlite", block, "why")

    event = json.loads(run(data, "spool", "show", f"spool-00/{number}").stdout)

    assert (event["message"], event["key"], event["properties"]) == ("lost?", 2, {"n": 1})


def test_a_block_that_holds_no_events_is_told_so(spooled):
    [block] = listed(spooled, "spool", "aside")
    result = run(spooled, "spool", "show", block["block"])
    assert result.exit_code == 2
    assert "cannot be read as events" in result.stderr


def test_every_set_aside_block_is_replayed_with_all(spooled):
    assert run(spooled, "spool", "replay", "--all").exit_code == 0
    assert list_aside(spooled / "spool") == {}


def test_a_block_is_dropped_only_when_one_is_sure(spooled):
    [block] = listed(spooled, "spool", "aside")

    assert run(spooled, "spool", "drop", block["block"]).exit_code == 2
    assert len(listed(spooled, "spool", "aside")) == 1
    assert run(spooled, "spool", "drop", "--yes", block["block"]).exit_code == 0
    assert listed(spooled, "spool", "aside") == []


@pytest.mark.parametrize("block", ["spool-00/99", "../x/1", "nonsense", "spool-00/x"])
def test_an_unknown_block_is_named(spooled, block):
    assert run(spooled, "spool", "replay", block).exit_code == 2
