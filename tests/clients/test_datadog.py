"""Clients of Datadog's log intake, told another address and key."""

from support.clients import NESTED, NUMBER


def test_datadog_async_handler(clients):
    info, error = clients.send("datadog/async_handler.py", count=2)
    assert (info["severity"], info["application"], info["host"]) == (2, "shop", "web-1")
    assert info["properties"]["extra"]["number"] == NUMBER
    assert info["properties"]["extra"]["address"] == NESTED
    assert info["properties"]["ddtags"] == {"team": "x"}
    assert (error["severity"], error["category"]) == (4, "shop.orders")
    assert error["exception"] == "ValueError: card declined"
    assert "async_handler.py" in error["stack_trace"]
