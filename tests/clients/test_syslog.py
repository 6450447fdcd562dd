"""Syslog: loggers that speak it, `logger`, and the daemons of Debian."""

import contextlib
import subprocess
from pathlib import Path

import pytest

from support.clients import NUMBER, SYSLOG_PORT, check_error, debian
from support.served import wait_until

each_transport = pytest.mark.parametrize("transport", ["udp", "tcp"])


@each_transport
def test_pythons_handler(clients, transport):
    environment = {"LOGSTER_TRANSPORT": transport}
    info, error = clients.send("syslog/send_handler.py", count=2, environment=environment)
    assert info["severity"] == 2
    assert info["properties"]["order"] == str(NUMBER)
    check_error(error, exception="ValueError: card declined", frame="send_handler.py")


@each_transport
def test_rfc5424_logging_handler(clients, transport):
    environment = {"LOGSTER_TRANSPORT": transport}
    info, error = clients.send("syslog/send_rfc5424.py", count=2, environment=environment)
    assert (info["severity"], info["application"]) == (2, "shop")
    assert info["message"] == f"order placed {clients.run_word}"
    element = {"number": str(NUMBER), "city": 'Ulm "]'}
    assert info["properties"]["order@32473"] == element
    check_error(error, exception="ValueError: card declined", frame="send_rfc5424.py")


@each_transport
def test_winston_syslog(clients, transport):
    environment = {"LOGSTER_TRANSPORT": transport}
    info, error = clients.send("syslog/winston-syslog.mjs", count=2, environment=environment)
    check_json(info, error, frame="winston-syslog.mjs")
    assert (info["application"], info["host"]) == ("shop", "web-1")


@each_transport
def test_pino_socket(clients, transport):
    environment = {"LOGSTER_TRANSPORT": transport}
    info, error = clients.send("syslog/pino-socket.mjs", count=2, environment=environment)
    check_json(info, error, frame="pino-socket.mjs")


def check_json(info, error, *, frame):
    """The text of a message is its JSON, and what that says is in fields and properties."""
    assert (info["severity"], error["severity"]) == (2, 4)
    assert info["message"].startswith("{")
    assert info["properties"]["order"] == str(NUMBER)
    assert info["properties"]["to"] == {"city": "Ulm", "lines": [1, 2]}
    assert "TypeError: card declined" in error["exception"]
    assert frame in error["stack_trace"]


@pytest.mark.parametrize(
    "form",
    [
        ["-d"],
        ["-T"],
        ["-T", "--octet-count"],
        ["-d", "--rfc3164"],
        ["-T", "--rfc3164"],
    ],
    ids=" ".join,
)
def test_logger(clients, form):
    command = [
        "logger",
        "-n",
        "127.0.0.1",
        "-P",
        str(SYSLOG_PORT),
        *form,
        "-t",
        "shop",
        "--id=4711",
    ]
    if "--rfc3164" not in form:
        command += ["--msgid", "ID47", "--sd-id", "order@32473", "--sd-param", f'number="{NUMBER}"']
    for priority, text in (("user.info", "order placed"), ("user.err", "order failed")):
        done = clients.execute([*command, "-p", priority, f"{text} {clients.run_word}"])
        assert done.returncode == 0, done.stderr
    info, error = sorted(clients.collect(2), key=lambda event: event["severity"])
    assert (info["severity"], error["severity"]) == (2, 4)
    assert info["message"] == f"order placed {clients.run_word}"
    assert info["application"] == "shop"
    assert info["properties"]["procid"] == "4711"
    assert info["host"]
    if "--rfc3164" not in form:
        assert info["properties"]["order@32473"] == {"number": str(NUMBER)}
        assert info["properties"]["msgid"] == "ID47"


@contextlib.contextmanager
def running(command, environment, socket):
    """A daemon until its socket was used."""
    daemon = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE)
    try:
        wait_until(socket.exists, 20, lambda: f"{command} listens")
        yield
    finally:
        daemon.terminate()
        daemon.communicate(timeout=30)


def say(clients, socket):
    for priority, text in (("user.info", "order placed"), ("user.err", "order failed")):
        order = f'{{"order":{NUMBER},"to":{{"city":"Ulm"}},"say":"{text} {clients.run_word}"}}'
        command = ["logger", "-u", str(socket), "-t", "shop", "--id=4711", "-p", priority, order]
        done = clients.execute(command)
        assert done.returncode == 0, done.stderr


def check_relayed(clients):
    info, error = sorted(clients.collect(2), key=lambda event: event["severity"])
    assert (info["severity"], error["severity"]) == (2, 4)
    assert (info["application"], info["properties"]["procid"]) == ("shop", "4711")
    assert info["host"]
    assert info["message"].startswith('{"order"')
    assert info["properties"]["order"] == NUMBER
    assert info["properties"]["to"] == {"city": "Ulm"}


RFC_5424 = 'template="RSYSLOG_SyslogProtocol23Format"'
FORMS = {
    "udp": 'protocol="udp"',
    "tcp": 'protocol="tcp"',
    "tcp octet counting": 'protocol="tcp" TCP_Framing="octet-counted"',
    "tcp 5424": f'protocol="tcp" TCP_Framing="octet-counted" {RFC_5424}',
    "udp 5424": f'protocol="udp" {RFC_5424}',
    "tcp 3164": 'protocol="tcp" template="RSYSLOG_TraditionalForwardFormat"',
}


@pytest.mark.parametrize("form", FORMS)
def test_rsyslog(clients, tmp_path, form):
    program, environment = debian("rsyslogd")
    modules = next((clients_folder(program)).glob("usr/lib/*/rsyslog"))
    socket = tmp_path / "log"
    settings = tmp_path / "rsyslog.conf"
    settings.write_text(
        'module(load="imuxsock" SysSock.Use="off")\n'
        f'input(type="imuxsock" Socket="{socket}")\n'
        f'action(type="omfwd" target="127.0.0.1" port="{SYSLOG_PORT}" {FORMS[form]})\n'
    )
    command = [program, "-n", "-f", settings, "-i", tmp_path / "pid", "-M", modules]
    with running(command, {**clients.environment, **environment}, socket):
        say(clients, socket)
        check_relayed(clients)


def clients_folder(program):
    return next(parent for parent in Path(program).parents if parent.name == "debian")


@pytest.mark.parametrize(
    "destination",
    [
        'network("127.0.0.1" port(PORT) transport("udp"))',
        'network("127.0.0.1" port(PORT) transport("tcp"))',
        'syslog("127.0.0.1" port(PORT) transport("tcp"))',
        'syslog("127.0.0.1" port(PORT) transport("udp"))',
    ],
)
def test_syslog_ng(clients, tmp_path, destination):
    program, environment = debian("syslog-ng")
    folder = clients_folder(program)
    modules = next(folder.glob("usr/lib/*/syslog-ng/*"), None) or next(
        folder.glob("usr/lib/syslog-ng/*")
    )
    socket = tmp_path / "log"
    settings = tmp_path / "syslog-ng.conf"
    version = (
        subprocess.run(
            [program, "--version"],
            env={**clients.environment, **environment},
            capture_output=True,
            text=True,
        )
        .stdout.split("(")[1]
        .split(")")[0]
    )
    settings.write_text(
        f"@version: {version[: version.rindex('.')] if version.count('.') > 1 else version}\n"
        f'source s {{ unix-dgram("{socket}"); }};\n'
        f"destination d {{ {destination.replace('PORT', str(SYSLOG_PORT))}; }};\n"
        "log { source(s); destination(d); };\n"
    )
    command = [
        *(program, "-F", "-f", settings, "--persist-file", tmp_path / "persist"),
        *("--pidfile", tmp_path / "pid", "--control", tmp_path / "ctl", "--module-path", modules),
        *("--no-caps", "--stderr"),
    ]
    with running(command, {**clients.environment, **environment}, socket):
        say(clients, socket)
        check_relayed(clients)
