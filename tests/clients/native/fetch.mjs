// The native API by fetch: an info, and an exception that was caught.
const { LOGSTER_URL, LOGSTER_KEY, LOGSTER_RUN } = process.env;

async function log(message) {
  const answer = await fetch(`${LOGSTER_URL}/api/Log`, {
    method: "POST",
    headers: { ApiKey: LOGSTER_KEY, "Content-Type": "application/json" },
    body: message,
  });
  if (!answer.ok) throw new Error(await answer.text());
}

await log(
  `{"Message":"order placed ${LOGSTER_RUN}","Severity":"Info",` +
    `"number":9007199254740993,"address":{"city":"Ulm","lines":[1,2]}}`,
);
try {
  throw new TypeError("card declined");
} catch (error) {
  await log(
    JSON.stringify({
      Message: `order failed ${LOGSTER_RUN}`,
      Severity: "Error",
      Exception: String(error),
      StackTrace: error.stack,
    }),
  );
}
