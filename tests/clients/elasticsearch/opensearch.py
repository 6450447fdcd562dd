# opensearch-py: helpers.bulk, ECS nested and dotted, the last one twice under its own id.
import os
import traceback

from opensearchpy import OpenSearch, helpers

run = os.environ["LOGSTER_RUN"]
client = OpenSearch(os.environ["LOGSTER_URL"], http_auth=("logster", os.environ["LOGSTER_KEY"]))
assert client.info()["tagline"] == "You Know, for Search"

info = {
    "_index": "shop",
    "@timestamp": "2026-12-01T08:00:00.000Z",
    "log": {"level": "info", "logger": "shop.orders"},
    "service": {"name": "shop"},
    "message": f"order placed {run}",
    "number": 9007199254740993,
    "address": {"city": "Ulm", "lines": [1, 2]},
}
try:
    raise ValueError("card declined")
except ValueError as error:
    failed = {
        "_op_type": "create",
        "_index": "shop",
        "_id": f"failed-{run}",
        "@timestamp": "2026-12-01T08:00:01.000Z",
        "log.level": "error",
        "error.type": type(error).__name__,
        "error.message": str(error),
        "error.stack_trace": traceback.format_exc(),
        "message": f"order failed {run}",
    }
assert helpers.bulk(client, [info, failed]) == (2, [])
assert helpers.bulk(client, [failed]) == (1, [])

bad = [{"_op_type": "delete", "_index": "shop", "_id": "1"}]
done, errors = helpers.bulk(client, bad, raise_on_error=False)
assert done == 0
assert errors[0]["delete"]["status"] == 400
