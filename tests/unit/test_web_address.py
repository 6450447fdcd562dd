"""Behind proxies, an address is believed from those that are known, and from nobody else."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logster.config import load_config
from logster.errors import ConfigError
from logster.web.address import find_address

OURS = tuple(map(ipaddress.ip_network, ("10.0.0.0/8", "fd00::/8")))


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("203.0.113.9", "198.51.100.1", "203.0.113.9"),  # no proxy of ours: says what it likes
        ("10.0.0.5", "198.51.100.1", "198.51.100.1"),
        ("10.0.0.5", "1.2.3.4, 198.51.100.1", "198.51.100.1"),  # the client wrote the first
        ("10.0.0.5", "198.51.100.1, 10.0.0.9", "198.51.100.1"),
        ("10.0.0.5", "10.0.0.1, 10.0.0.9", "10.0.0.1"),
        ("10.0.0.5", "198.51.100.1:4711", "198.51.100.1"),
        ("10.0.0.5", "[2001:db8::1]:4711", "2001:db8::1"),
        ("10.0.0.5", "2001:db8::1", "2001:db8::1"),
        ("fd00::1", "198.51.100.1", "198.51.100.1"),
        ("::ffff:10.0.0.5", "198.51.100.1", "198.51.100.1"),
        ("10.0.0.5", "198.51.100.1, unknown", "10.0.0.5"),
        ("10.0.0.5", "", "10.0.0.5"),
        ("", "198.51.100.1", ""),
    ],
)
def test_the_address_that_a_proxy_of_ours_has_seen_counts(peer, forwarded, address):
    assert find_address(peer, forwarded, OURS) == address


@given(forged=st.text(), seen=st.ip_addresses(network="198.51.100.0/24"))
def test_whatever_a_client_writes_the_proxy_knows_better(forged, seen):
    assert find_address("10.0.0.5", f"{forged},{seen}", OURS) == str(seen)


@given(st.text())
def test_without_a_proxy_of_ours_the_header_says_nothing(forged):
    assert find_address("10.0.0.5", forged, ()) == "10.0.0.5"


@pytest.mark.parametrize("text", ["proxy.example.com", "10.0.0.5/8", "0.0.0.0/0", "::/0", "1.2.3"])
def test_a_proxy_that_cannot_be_trusted_stops_the_start(text):
    with pytest.raises(ConfigError, match="LOGSTER_TRUSTED_PROXIES"):
        load_config({"trusted_proxies": f"10.0.0.1, {text}"}, {})


def test_several_proxies_are_named_with_commas():
    config = load_config({"trusted_proxies": " 127.0.0.1, fd00::/8,"}, {})
    assert [str(network) for network in config.trusted_networks] == ["127.0.0.1/32", "fd00::/8"]
