"""seqlog: an info, and an exception that was caught; SEQLOG_CLEF chooses the form of the events."""

import logging
import os

import seqlog

RUN = os.environ["LOGSTER_RUN"]
seqlog.set_global_log_properties(Application="shop", MachineName="web-1")
handler = seqlog.log_to_seq(
    server_url=os.environ["LOGSTER_URL"],
    api_key=os.environ["LOGSTER_KEY"],
    level=logging.INFO,
    auto_flush_timeout=1,
    override_root_logger=True,
    use_clef=bool(os.environ.get("SEQLOG_CLEF")),
)
log = logging.getLogger("shop.cart")
log.info(
    "order placed {Run} for {Customer}",
    Run=RUN,
    Customer="Ada",
    Number=9_007_199_254_740_993,
    Address={"city": "Ulm", "lines": [1, 2]},
)
try:
    raise ValueError("card declined")
except ValueError:
    log.exception("order failed %s", RUN)
handler.log_queue.join()
handler.flush()
