// pino-seq: an info, and an exception that was caught.
import pino from "pino";
import { createStream } from "pino-seq";

const { LOGSTER_URL, LOGSTER_KEY, LOGSTER_RUN } = process.env;
const stream = createStream({
  serverUrl: LOGSTER_URL,
  apiKey: LOGSTER_KEY,
  additionalProperties: { Application: "shop" },
});
const logger = pino({ name: "cart" }, stream);
logger.info(
  { number: Number.MAX_SAFE_INTEGER, address: { city: "Ulm", lines: [1, 2] } },
  `order placed ${LOGSTER_RUN}`,
);
try {
  throw new TypeError("card declined");
} catch (error) {
  logger.error(error, `order failed ${LOGSTER_RUN}`);
}
await stream.flush();
