"""pygelf, by UDP (packed, also in chunks), TCP and HTTP."""

import logging
import os

import pygelf

run, transport = os.environ["LOGSTER_RUN"], os.environ["LOGSTER_TRANSPORT"]
port = int(os.environ["LOGSTER_PORT" if transport == "http" else "LOGSTER_GELF_PORT"])
options = {"host": "127.0.0.1", "port": port, "debug": True, "include_extra_fields": True}
handler = {
    "udp": lambda: pygelf.GelfUdpHandler(**options),
    "chunks": lambda: pygelf.GelfUdpHandler(**options, compress=False, chunk_size=100),
    "tcp": lambda: pygelf.GelfTcpHandler(**options),
    "http": lambda: pygelf.GelfHttpHandler(
        **options, path=f"/gelf?apiKey={os.environ['LOGSTER_KEY']}"
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
