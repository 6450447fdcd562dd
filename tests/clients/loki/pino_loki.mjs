// pino-loki: an info, and an exception that was caught.
import pino from "pino";
import { pinoLoki } from "pino-loki";

const { LOGSTER_URL, LOGSTER_KEY, LOGSTER_RUN } = process.env;
const stream = pinoLoki({
  host: LOGSTER_URL,
  basicAuth: { username: "logster", password: LOGSTER_KEY },
  labels: { app: "shop" },
  batching: { interval: 1 },
});
const logger = pino({ name: "cart" }, stream);
logger.info(
  {
    number: Number.MAX_SAFE_INTEGER,
    address: { city: "Ulm", lines: [1, 2] },
    meta: { trace_id: "b45f1e36c1e34f0f9a4c9d0f5a3e1b2c" },
  },
  `order placed ${LOGSTER_RUN}`,
);
try {
  throw new TypeError("card declined");
} catch (error) {
  logger.error(error, `order failed ${LOGSTER_RUN}`);
}
stream.end();
