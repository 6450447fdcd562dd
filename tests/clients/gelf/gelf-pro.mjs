// gelf-pro, by UDP and TCP: what is nested becomes members of their own.
import gelf from "gelf-pro";

const run = process.env.LOGSTER_RUN;
gelf.setConfig({
  adapterName: process.env.LOGSTER_TRANSPORT,
  adapterOptions: { host: "127.0.0.1", port: Number(process.env.LOGSTER_GELF_PORT) },
});
const sent = (send) => new Promise((done, fail) => send((error) => (error ? fail(error) : done())));
await sent((done) =>
  gelf.info(`order placed ${run}`, { order: "9007199254740993", to: { city: "Ulm", lines: [1, 2] } }, done),
);
await sent((done) => gelf.error(`order failed ${run}`, new TypeError("card declined"), done));
setTimeout(() => process.exit(0), 300);
