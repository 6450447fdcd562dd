// @sentry/node: a message, an exception with a cause, a structured log.
import * as Sentry from "@sentry/node";

const { LOGSTER_DSN, LOGSTER_RUN } = process.env;

Sentry.init({
  dsn: LOGSTER_DSN,
  release: "shop@1.0",
  environment: "tests",
  enableLogs: true,
  tracesSampleRate: 1,
});
Sentry.setUser({ id: "ada" });
Sentry.setTag("till", "7");

function pay() {
  throw new TypeError("card declined", { cause: new RangeError("no money") });
}

Sentry.captureMessage(`order placed ${LOGSTER_RUN}`, {
  level: "info",
  extra: { number: 1234567890123, address: { city: "Ulm", lines: [1, 2] } },
});
try {
  pay();
} catch (error) {
  error.message += ` ${LOGSTER_RUN}`;
  Sentry.captureException(error);
}
Sentry.logger.warn(Sentry.logger.fmt`stock is low ${LOGSTER_RUN}`, { left: 3 });
await Sentry.flush(5000);
