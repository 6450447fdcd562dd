// @datalust/winston-seq: an info, and an exception that was caught.
import { SeqTransport } from "@datalust/winston-seq";
import winston from "winston";

const { LOGSTER_URL, LOGSTER_KEY, LOGSTER_RUN } = process.env;
const transport = new SeqTransport({
  serverUrl: LOGSTER_URL,
  apiKey: LOGSTER_KEY,
  onError: (error) => {
    throw error;
  },
});
const logger = winston.createLogger({
  format: winston.format.combine(winston.format.errors({ stack: true }), winston.format.json()),
  defaultMeta: { Application: "shop" },
  transports: [transport],
});
logger.info("order placed {run} for {customer}", {
  run: LOGSTER_RUN,
  customer: "Ada",
  number: Number.MAX_SAFE_INTEGER,
  address: { city: "Ulm", lines: [1, 2] },
});
try {
  throw new TypeError("card declined");
} catch (error) {
  logger.error(`order failed ${LOGSTER_RUN}`, { stack: error.stack });
}
await transport.flush();
