"""sentry-sdk: a message, an exception, logging, structured logs, and a check-in of a job."""

import logging
import os

import sentry_sdk
from sentry_sdk.crons import monitor

run = os.environ["LOGSTER_RUN"]
sentry_sdk.init(
    dsn=os.environ["LOGSTER_DSN"],
    release="shop@1.0",
    environment="tests",
    traces_sample_rate=1.0,
    enable_logs=True,
    server_name="till-1",
)
sentry_sdk.set_user({"id": "ada", "email": "ada@example.com"})
sentry_sdk.set_tag("till", "7")
sentry_sdk.add_breadcrumb(category="shop", message="basket opened", level="info")


def pay() -> None:
    """Fail at the end of a chain."""
    try:
        {}["card"]
    except KeyError as error:
        raise ValueError("card declined") from error


with sentry_sdk.start_transaction(name="checkout"):  # counted, not kept
    pass
with sentry_sdk.new_scope() as scope:
    scope.set_extra("number", 9_007_199_254_740_993)
    scope.set_extra("address", {"city": "Ulm", "lines": [1, 2]})
    sentry_sdk.capture_message(f"order placed {run}", level="info")
try:
    pay()
except ValueError:
    logging.getLogger("shop.orders").exception("order failed %s", run)
sentry_sdk.logger.warning("stock is low {run}", run=run, attributes={"left": 3, "sku": "A7"})


@monitor(monitor_slug=f"nightly-{run}")
def work() -> None:
    """Do the job of the night."""


work()
sentry_sdk.flush()
