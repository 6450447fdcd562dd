"""Clients of Elasticsearch and OpenSearch, told another address and key."""

from support.clients import check_error, check_info

#: Numbers of JavaScript hold no more.
SAFE = 9_007_199_254_740_991


def test_elasticsearch_py(clients):
    info, error = clients.send("elasticsearch/client.py", count=2)
    check_info(info)
    assert (info["application"], info["category"]) == ("shop", "shop.orders")
    check_error(error, exception="ValueError: card declined", frame="client.py")


def test_opensearch_py(clients):
    info, error = clients.send("elasticsearch/opensearch.py", count=2)
    check_info(info)
    check_error(error, exception="ValueError: card declined", frame="opensearch.py")


def test_elasticsearch_js(clients):
    info, error = clients.send("elasticsearch/client.mjs", count=2)
    check_info(info, number=SAFE)
    check_error(error, exception="TypeError: card declined", frame="client.mjs")


def test_pino_elasticsearch(clients):
    info, error = clients.send("elasticsearch/pino.mjs", count=2)
    check_info(info, number=SAFE)
    check_error(error, exception="TypeError: card declined", frame="pino.mjs")


def test_winston_elasticsearch(clients):
    info, error = clients.send("elasticsearch/winston.mjs", count=2)
    check_info(info, number=SAFE)
    check_error(error, exception="TypeError: card declined", frame="winston.mjs")
