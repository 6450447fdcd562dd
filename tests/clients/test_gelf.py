"""GELF: pygelf, graypy, gelf-pro and winston-gelf."""

import pytest

from support.clients import NUMBER, check_error, check_info


@pytest.mark.parametrize("transport", ["udp", "chunks", "tcp", "http"])
def test_pygelf(clients, transport):
    environment = {"LOGSTER_TRANSPORT": transport}
    info, error = clients.send("gelf/send_pygelf.py", count=2, environment=environment)
    check_info(info)
    check_error(error, exception="ValueError: card declined", frame="send_pygelf.py")
    assert info["category"] == "shop.cart"
    assert info["protocol"] == "gelf"


@pytest.mark.parametrize("transport", ["udp", "tcp", "http"])
def test_graypy(clients, transport):
    environment = {"LOGSTER_TRANSPORT": transport}
    info, error = clients.send("gelf/send_graypy.py", count=2, environment=environment)
    check_info(info)
    check_error(error, exception="ValueError: card declined", frame="send_graypy.py")
    assert info["category"] == "shop.cart"


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_gelf_pro_sends_what_is_nested_in_parts(clients, transport):
    environment = {"LOGSTER_TRANSPORT": transport}
    info, error = clients.send("gelf/gelf-pro.mjs", count=2, environment=environment)
    check_info(info, number=str(NUMBER), nested="Ulm")
    assert info["properties"]["to_lines"] == "1,2"
    check_error(error, exception="TypeError: card declined", frame="gelf-pro.mjs")


def test_winston_gelf(clients):
    info, error = clients.send("gelf/winston-gelf.mjs", count=2)
    check_info(info, number=str(NUMBER), nested="Ulm")
    check_error(error, exception="TypeError: card declined", frame="winston-gelf.mjs")
