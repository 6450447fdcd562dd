// seq-logging: an info, and an exception that was caught.
import { Logger } from "seq-logging";

const { LOGSTER_URL, LOGSTER_KEY, LOGSTER_RUN } = process.env;
const logger = new Logger({
  serverUrl: LOGSTER_URL,
  apiKey: LOGSTER_KEY,
  onError: (error) => {
    throw error;
  },
});
logger.emit({
  level: "Information",
  messageTemplate: "order placed {Run} for {Customer}",
  traceId: "b45f1e36c1e34f0f9a4c9d0f5a3e1b2c",
  spanId: "6a1b2c3d4e5f6071",
  properties: {
    Run: LOGSTER_RUN,
    Customer: "Ada",
    Application: "shop",
    Number: Number.MAX_SAFE_INTEGER,
    Address: { city: "Ulm", lines: [1, 2] },
  },
});
try {
  throw new TypeError("card declined");
} catch (error) {
  logger.emit({
    level: "Error",
    messageTemplate: "order failed {Run}",
    properties: { Run: LOGSTER_RUN },
    exception: error.stack,
  });
}
await logger.close();
