// pino-socket, by UDP and TCP: JSON on lines, without a priority.
import { pino } from "pino";

const run = process.env.LOGSTER_RUN;
const transport = pino.transport({
  target: "pino-socket",
  options: {
    address: "127.0.0.1",
    port: Number(process.env.LOGSTER_SYSLOG_PORT),
    mode: process.env.LOGSTER_TRANSPORT,
  },
});
const log = pino(transport);
log.info({ order: "9007199254740993", to: { city: "Ulm", lines: [1, 2] } }, `order placed ${run}`);
log.error(new TypeError("card declined"), `order failed ${run}`);
setTimeout(() => process.exit(0), 1500);
