// winston and winston-elasticsearch.
import winston from "winston";
import { ElasticsearchTransport } from "winston-elasticsearch";

const { LOGSTER_URL, LOGSTER_KEY, LOGSTER_RUN } = process.env;
const transport = new ElasticsearchTransport({
  level: "info",
  indexPrefix: "shop",
  flushInterval: 200,
  clientOpts: { node: LOGSTER_URL, auth: { username: "logster", password: LOGSTER_KEY } },
});
transport.on("error", (error) => console.error("error", error));
const logger = winston.createLogger({
  format: winston.format.errors({ stack: true }),
  transports: [transport],
});
logger.info(`order placed ${LOGSTER_RUN}`, {
  number: 9007199254740991,
  address: { city: "Ulm", lines: [1, 2] },
});
try {
  throw new TypeError("card declined");
} catch (error) {
  logger.error(`order failed ${LOGSTER_RUN}`, error);
}
setTimeout(() => process.exit(0), 2000);
