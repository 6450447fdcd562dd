"""python-logging-loki: an info, and an exception that was caught."""

import logging
import os

import logging_loki

RUN = os.environ["LOGSTER_RUN"]
VERSION = os.environ.get("LOKI_VERSION", "1")
path = "/loki/api/v1/push" if VERSION == "1" else "/api/prom/push"
handler = logging_loki.LokiHandler(
    url=os.environ["LOGSTER_URL"] + path,
    tags={"application": "shop"},
    auth=("logster", os.environ["LOGSTER_KEY"]),
    version=VERSION,
)
log = logging.getLogger("shop.cart")
log.setLevel(logging.INFO)
log.addHandler(handler)
log.info(
    "order placed %s",
    RUN,
    extra={"tags": {"number": "9007199254740993", "address": '{"city":"Ulm","lines":[1,2]}'}},
)
try:
    raise ValueError("card declined")
except ValueError:
    log.exception("order failed %s", RUN)
