"""Python's own SysLogHandler, by UDP and TCP."""

import logging
import logging.handlers
import os
import socket

run, transport = os.environ["LOGSTER_RUN"], os.environ["LOGSTER_TRANSPORT"]
kind = socket.SOCK_STREAM if transport == "tcp" else socket.SOCK_DGRAM
address = ("127.0.0.1", int(os.environ["LOGSTER_SYSLOG_PORT"]))
handler = logging.handlers.SysLogHandler(address, socktype=kind)
log = logging.getLogger("shop")
log.addHandler(handler)
log.setLevel(logging.INFO)
log.info('level=info msg="order placed %s" order=9007199254740993', run)
try:
    raise ValueError("card declined")
except ValueError:
    log.exception("order failed %s", run)
logging.shutdown()
