"""systemd-journal-upload, as Debian has it, with journals made of entries in the export format."""

import struct
import subprocess

import pytest

from support.clients import debian
from support.served import KEY

ENTRY = (
    "__REALTIME_TIMESTAMP={time}\n__MONOTONIC_TIMESTAMP={number}\n_BOOT_ID={boot:032x}\n"
    "SYSLOG_IDENTIFIER=shop\n_HOSTNAME=web-1\n_SYSTEMD_UNIT=shop.service\n_TRANSPORT=journal\n"
)


#: More than a batch may have.
BACKLOG = 250_000


def entry(number, **fields):
    """One entry of a journal; texts of several lines are told by their length."""
    told = ENTRY.format(time=1796026530123000 + number, number=1000 + number, boot=7).encode()
    for name, text in fields.items():
        value = text.encode()
        told += f"{name}\n".encode() + struct.pack("<Q", len(value)) + value + b"\n"
    return told + b"\n"


def make_journal(path, entries):
    program, environment = debian("systemd-journal-remote")
    command = [program, f"--output={path}", "-"]
    subprocess.run(command, input=b"".join(entries), env=environment, check=True)


def upload(clients, journal):
    program, environment = debian("systemd-journal-upload")
    url = f"http://{KEY}@127.0.0.1:{clients.served.port}"
    command = [program, "--follow=false", f"--file={journal}", "-u", url]
    done = clients.execute(command, environment)
    assert done.returncode == 0, done.stderr


def test_journal_upload(clients, tmp_path):
    run = clients.run_word
    trace = 'Traceback (most recent call last):\n  File "shop.py", line 3, in pay\nValueError: no'
    entries = [
        entry(1, PRIORITY="6", MESSAGE=f"order placed {run}", ORDER="9007199254740993"),
        entry(2, PRIORITY="3", MESSAGE=f"order failed {run}", EXCEPTION_TEXT=trace),
    ]
    make_journal(tmp_path / "shop.journal", entries)
    upload(clients, tmp_path / "shop.journal")
    upload(clients, tmp_path / "shop.journal")  # as after a failure, from the beginning

    info, error = clients.collect(2)
    assert (info["severity"], info["application"], info["host"]) == (2, "shop", "web-1")
    assert info["category"] == "shop.service"
    assert info["properties"]["ORDER"] == "9007199254740993"
    assert (error["severity"], error["exception"]) == (4, "ValueError: no")
    assert error["stack_trace"] == trace


def test_what_waits_in_a_journal_comes_in_one_request(clients, tmp_path):
    run = clients.run_word
    entries = [entry(n, PRIORITY="6", MESSAGE=f"order {n} {run}") for n in range(5_000)]
    make_journal(tmp_path / "many.journal", entries)
    upload(clients, tmp_path / "many.journal")
    assert len(clients.collect(5_000)) == 5_000


@pytest.mark.timeout(400)
def test_a_backlog_of_more_entries_than_a_batch_may_have_comes_through(clients, tmp_path):
    run, count = clients.run_word, BACKLOG
    entries = (entry(n, PRIORITY="6", MESSAGE=f"backlog {n} {run}") for n in range(count))
    make_journal(tmp_path / "backlog.journal", entries)
    upload(clients, tmp_path / "backlog*.journal")  # so many are several files
    clients.wait_for_count(count)
