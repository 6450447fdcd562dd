"""Clients of Loki. The line of a client that writes JSON stays the message as it was sent."""

import pytest

from support.clients import check_error, check_info

#: What JavaScript's numbers hold.
SAFE_NUMBER = 2**53 - 1
NESTED = {"city": "Ulm", "lines": [1, 2]}


@pytest.mark.parametrize("version", ["1", "0"])
def test_python_logging_loki(clients, version):
    info, error = clients.send(
        "loki/python_logging_loki.py", count=2, environment={"LOKI_VERSION": version}
    )

    nested = '{"city":"Ulm","lines":[1,2]}'  # labels are texts
    check_info(info, number="9007199254740993", nested=nested)
    check_error(error, exception="ValueError: card declined", frame="python_logging_loki.py")
    for event in (info, error):
        assert (event["application"], event["category"]) == ("shop", "shop.cart")
        assert event["protocol"] == "loki"


def test_pino_loki(clients):
    info, error = clients.send("loki/pino_loki.mjs", count=2)

    assert info["severity"] == 2
    assert info["message"].startswith("{")
    assert info["properties"]["msg"].startswith("order placed run")
    assert info["properties"]["number"] == SAFE_NUMBER
    assert info["properties"]["address"] == NESTED
    assert info["trace_id"] == "b45f1e36c1e34f0f9a4c9d0f5a3e1b2c"
    assert error["severity"] == 4
    assert error["exception"] == "TypeError: card declined"
    assert "pino_loki.mjs" in error["stack_trace"]
    assert {info["application"], error["application"]} == {"shop"}


@pytest.mark.parametrize("json", ["", "1"], ids=["protobuf", "json"])
def test_winston_loki(clients, json):
    info, error = clients.send("loki/winston_loki.mjs", count=2, environment={"LOKI_JSON": json})

    assert (info["severity"], info["application"]) == (2, "shop")
    assert info["properties"]["number"] == SAFE_NUMBER
    assert info["properties"]["address"] == NESTED
    assert error["severity"] == 4
    assert error["exception"].startswith("TypeError: order failed run")
    assert "winston_loki.mjs" in error["stack_trace"]
