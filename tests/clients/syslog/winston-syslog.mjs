// winston-syslog, by UDP and TCP: JSON in the message, and by TCP no delimiter.
import winston from "winston";
import { Syslog } from "winston-syslog";

const run = process.env.LOGSTER_RUN;
const transport = new Syslog({
  host: "127.0.0.1",
  port: Number(process.env.LOGSTER_SYSLOG_PORT),
  protocol: process.env.LOGSTER_TRANSPORT === "tcp" ? "tcp4" : "udp4",
  app_name: "shop",
  localhost: "web-1",
});
const format = winston.format.combine(winston.format.errors({ stack: true }), winston.format.json());
const log = winston.createLogger({ levels: winston.config.syslog.levels, format, transports: [transport] });
log.info(`order placed ${run}`, { order: "9007199254740993", to: { city: "Ulm", lines: [1, 2] } });
const error = new TypeError("card declined");
log.error(`order failed ${run}`, { error: { message: error.message }, stack: error.stack });
setTimeout(() => process.exit(0), 1000);
