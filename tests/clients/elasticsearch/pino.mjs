// pino and pino-elasticsearch, with a request at the end.
import pino from "pino";
import pinoElastic from "pino-elasticsearch";

const { LOGSTER_URL, LOGSTER_KEY, LOGSTER_RUN } = process.env;
const stream = pinoElastic({
  node: LOGSTER_URL,
  auth: { username: "logster", password: LOGSTER_KEY },
  index: "shop",
  opType: "create",
  flushBytes: 100,
  flushInterval: 200,
});
stream.on("error", (error) => console.error("error", error));
stream.on("insertError", (error) => console.error("insertError", error));
const logger = pino({ level: "info" }, stream);
logger.info(
  { number: 9007199254740991, address: { city: "Ulm", lines: [1, 2] } },
  `order placed ${LOGSTER_RUN}`,
);
try {
  throw new TypeError("card declined");
} catch (error) {
  logger.error(error, `order failed ${LOGSTER_RUN}`);
}
setTimeout(() => process.exit(0), 1500);
