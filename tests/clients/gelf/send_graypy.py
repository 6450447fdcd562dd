"""graypy, by UDP, TCP and HTTP."""

import logging
import os

import graypy

run, transport = os.environ["LOGSTER_RUN"], os.environ["LOGSTER_TRANSPORT"]
port = int(os.environ["LOGSTER_PORT" if transport == "http" else "LOGSTER_GELF_PORT"])
handler = {
    "udp": lambda: graypy.GELFUDPHandler("127.0.0.1", port),
    "tcp": lambda: graypy.GELFTCPHandler("127.0.0.1", port),
    "http": lambda: graypy.GELFHTTPHandler(
        "127.0.0.1", port, path=f"/gelf?apiKey={os.environ['LOGSTER_KEY']}"
    ),
}[transport]()
log = logging.getLogger("shop.cart")
log.addHandler(handler)
log.setLevel(logging.INFO)
log.info(
    "order placed %s",
    run,
    extra={"order": 9_007_199_254_740_993, "to": {"city": "Ulm", "lines": [1, 2]}},
)
try:
    raise ValueError("card declined")
except ValueError:
    log.exception("order failed %s", run)
logging.shutdown()
