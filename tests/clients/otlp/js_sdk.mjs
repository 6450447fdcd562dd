// OpenTelemetry's SDK for JavaScript: an info, and an exception that was caught.
import { SeverityNumber } from "@opentelemetry/api-logs";
import { OTLPLogExporter as Json } from "@opentelemetry/exporter-logs-otlp-http";
import { OTLPLogExporter as Protobuf } from "@opentelemetry/exporter-logs-otlp-proto";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { BatchLogRecordProcessor, LoggerProvider } from "@opentelemetry/sdk-logs";

const { LOGSTER_URL, LOGSTER_KEY, LOGSTER_RUN, OTLP_ENCODING } = process.env;
const Exporter = OTLP_ENCODING === "json" ? Json : Protobuf;
const exporter = new Exporter({
  url: `${LOGSTER_URL}/v1/logs`,
  headers: { "x-api-key": LOGSTER_KEY },
});
const provider = new LoggerProvider({
  resource: resourceFromAttributes({ "service.name": "shop", "service.version": "1.2.3" }),
  processors: [new BatchLogRecordProcessor({ exporter })],
});
const logger = provider.getLogger("shop.cart", "2.0");
logger.emit({
  severityNumber: SeverityNumber.INFO,
  severityText: "INFO",
  body: `order placed ${LOGSTER_RUN}`,
  attributes: { number: Number.MAX_SAFE_INTEGER, address: { city: "Ulm", lines: [1, 2] } },
});
try {
  throw new TypeError("card declined");
} catch (error) {
  logger.emit({
    severityNumber: SeverityNumber.ERROR,
    body: `order failed ${LOGSTER_RUN}`,
    attributes: {
      "exception.type": error.name,
      "exception.message": error.message,
      "exception.stacktrace": error.stack,
    },
  });
}
await provider.shutdown();
