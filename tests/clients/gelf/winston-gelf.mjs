// winston-gelf, by UDP.
import winston from "winston";
import GelfTransport from "winston-gelf";

const run = process.env.LOGSTER_RUN;
const transport = new GelfTransport({
  gelfPro: {
    adapterName: "udp",
    adapterOptions: { host: "127.0.0.1", port: Number(process.env.LOGSTER_GELF_PORT) },
  },
});
const log = winston.createLogger({ transports: [transport] });
log.info(`order placed ${run}`, { order: "9007199254740993", to: { city: "Ulm", lines: [1, 2] } });
log.error(`order failed ${run}`, { cause: new TypeError("card declined") });
setTimeout(() => process.exit(0), 500);
