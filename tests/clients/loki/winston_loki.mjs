// winston-loki: an info, and an exception that was caught; LOKI_JSON=1 for JSON, else protobuf.
import winston from "winston";
import LokiTransport from "winston-loki";

const { LOGSTER_URL, LOGSTER_KEY, LOGSTER_RUN, LOKI_JSON } = process.env;
const transport = new LokiTransport({
  host: LOGSTER_URL,
  basicAuth: `logster:${LOGSTER_KEY}`,
  json: Boolean(LOKI_JSON),
  labels: { app: "shop" },
  interval: 1,
  format: winston.format.json(),
  onConnectionError: (error) => console.error(error),
});
const logger = winston.createLogger({
  format: winston.format.errors({ stack: true }),
  transports: [transport],
});
logger.info(`order placed ${LOGSTER_RUN}`, {
  number: Number.MAX_SAFE_INTEGER,
  address: { city: "Ulm", lines: [1, 2] },
});
try {
  throw new TypeError(`order failed ${LOGSTER_RUN}`);
} catch (error) {
  logger.error(error);
}
await transport.flush();
process.exit(0);
