"""rfc5424-logging-handler, by UDP and TCP, with structured data."""

import logging
import os
import socket

from rfc5424logging import Rfc5424SysLogHandler

run, transport = os.environ["LOGSTER_RUN"], os.environ["LOGSTER_TRANSPORT"]
kind = socket.SOCK_STREAM if transport == "tcp" else socket.SOCK_DGRAM
address = ("127.0.0.1", int(os.environ["LOGSTER_SYSLOG_PORT"]))
handler = Rfc5424SysLogHandler(address=address, socktype=kind, appname="shop", enterprise_id=32473)
log = logging.getLogger("shop.cart")
log.addHandler(handler)
log.setLevel(logging.INFO)
log.info(
    "order placed %s",
    run,
    extra={"structured_data": {"order": {"number": "9007199254740993", "city": 'Ulm "]'}}},
)
try:
    raise ValueError("card declined")
except ValueError:
    log.exception("order failed %s", run)
logging.shutdown()
