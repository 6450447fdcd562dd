"""OpenTelemetry's SDK for Python: an info, and an exception that was caught."""

import logging
import os

from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.sdk._logs import LoggerProvider, LoggingHandler
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.resources import Resource

RUN = os.environ["LOGSTER_RUN"]
resource = Resource.create(
    {"service.name": "shop", "service.version": "1.2.3", "deployment.environment.name": "live"}
)
provider = LoggerProvider(resource=resource)
exporter = OTLPLogExporter(
    endpoint=os.environ["LOGSTER_URL"] + "/v1/logs",
    headers={"authorization": "Bearer " + os.environ["LOGSTER_KEY"]},
    compression=Compression(os.environ.get("OTLP_COMPRESSION", "none")),
)
provider.add_log_record_processor(BatchLogRecordProcessor(exporter))
log = logging.getLogger("shop.cart")
log.setLevel(logging.INFO)
log.addHandler(LoggingHandler(logger_provider=provider))
log.info(
    "order placed %s",
    RUN,
    extra={"number": 9_007_199_254_740_993, "address": {"city": "Ulm", "lines": [1, 2]}},
)
try:
    raise ValueError("card declined")
except ValueError:
    log.exception("order failed %s", RUN)
provider.shutdown()
