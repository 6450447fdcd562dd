"""The native API as anybody calls it who has no client for it."""

from support.clients import check_error, check_info


def test_fetch(clients):
    info, error = clients.send("native/fetch.mjs", count=2)
    check_info(info)
    check_error(error, exception="TypeError: card declined", frame="fetch.mjs")
