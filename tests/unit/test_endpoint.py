"""Where sockets listen, as operators write it."""

from __future__ import annotations

import pytest

from logster.config import load_config
from logster.endpoint import Endpoint, read_endpoints
from logster.errors import ConfigError


def test_several_endpoints_with_the_names_of_their_keys():
    assert read_endpoints("0.0.0.0:5514, [::1]:5515=shop front ,logs.example.org:6514=a=b") == (
        Endpoint("0.0.0.0", 5514),
        Endpoint("::1", 5515, "shop front"),
        Endpoint("logs.example.org", 6514, "a=b"),
    )
    assert read_endpoints(" ") == ()


@pytest.mark.parametrize(
    "text",
    ["5514", "127.0.0.1", "127.0.0.1:0", "127.0.0.1:65536", ":5514", "::1:5514", "a:1= "],
)
def test_what_is_no_endpoint_is_told_with_what_would_do(text: str):
    with pytest.raises(ConfigError, match=r"LOGSTER_SYSLOG .*0\.0\.0\.0:5514"):
        load_config({"syslog": text}, {})


def test_no_port_is_listened_on_twice():
    for settings in (
        {"syslog": "127.0.0.1:5514", "gelf": "127.0.0.1:5514"},
        {"syslog": "127.0.0.1:5514,0.0.0.0:5514"},
        {"syslog": "127.0.0.1:8000"},
    ):
        with pytest.raises(ConfigError, match="both listen"):
            load_config(settings, {})
    load_config({"syslog": "127.0.0.1:5514,127.0.0.2:5514"}, {})


def test_tls_needs_a_certificate():
    with pytest.raises(ConfigError, match="LOGSTER_TLS_CERTIFICATE_FILE"):
        load_config({"syslog_tls": "127.0.0.1:6514"}, {})


def test_a_zone_that_nobody_knows_is_told():
    assert load_config({"syslog_zone": "Europe/Berlin"}, {}).syslog_zone == "Europe/Berlin"
    for zone in ("Europe/Atlantis", "../etc/passwd", "/"):
        with pytest.raises(ConfigError, match="LOGSTER_SYSLOG_ZONE"):
            load_config({"syslog_zone": zone}, {})
