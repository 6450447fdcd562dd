# datadog-async-handler with its JSON formatter; its API client is told another server.
import logging
import os

from datadog_http_handler import DatadogHTTPHandler
from datadog_http_handler.formatter import DatadogJsonFormatter

run = os.environ["LOGSTER_RUN"]
handler = DatadogHTTPHandler(
    api_key=os.environ["LOGSTER_KEY"], service="shop", hostname="web-1", tags="team:x"
)
configuration = handler.api_client.configuration
configuration.server_index = 1
host = os.environ["LOGSTER_URL"].removeprefix("http://")
configuration.server_variables = {"protocol": "http", "name": host}
handler.setFormatter(DatadogJsonFormatter("shop"))
logger = logging.getLogger("shop.orders")
logger.addHandler(handler)
logger.setLevel(logging.INFO)

more = {"number": 9007199254740993, "address": {"city": "Ulm", "lines": [1, 2]}}
logger.info(f"order placed {run}", extra=more)
try:
    raise ValueError("card declined")
except ValueError:
    logger.exception(f"order failed {run}")
handler.flush()
handler.close()
