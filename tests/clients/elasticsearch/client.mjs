// @elastic/elasticsearch: client.helpers.bulk.
import { Client } from "@elastic/elasticsearch";

const { LOGSTER_URL, LOGSTER_KEY, LOGSTER_RUN } = process.env;
const client = new Client({ node: LOGSTER_URL, auth: { apiKey: LOGSTER_KEY } });

let failed;
try {
  throw new TypeError("card declined");
} catch (error) {
  failed = { type: error.name, message: error.message, stack_trace: error.stack };
}
const documents = [
  {
    "@timestamp": "2026-12-01T08:00:00.000Z",
    log: { level: "info" },
    message: `order placed ${LOGSTER_RUN}`,
    number: 9007199254740991,
    address: { city: "Ulm", lines: [1, 2] },
  },
  {
    "@timestamp": "2026-12-01T08:00:01.000Z",
    log: { level: "error" },
    message: `order failed ${LOGSTER_RUN}`,
    error: failed,
  },
];
const result = await client.helpers.bulk({
  datasource: documents,
  onDocument: () => ({ create: { _index: "shop" } }),
});
if (result.successful !== 2 || result.failed) throw new Error(JSON.stringify(result));
