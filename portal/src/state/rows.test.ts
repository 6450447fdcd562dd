import { afterEach, expect, test, vi } from "vitest";
import { MAX_LIVE_ROWS, Rows } from "./rows.svelte";
import { type Gap, isEvent } from "./entries";
import { ALL } from "./range";
import { readEvent } from "../api/shapes";

const body = (id: number) => ({
  id: String(id),
  timestamp: new Date(id * 1000).toISOString(),
  severity: 2,
  message: `event ${id}`,
});
const event = (id: number) => readEvent(body(id));
const ids = (rows: Rows) => rows.entries.filter(isEvent).map(({ id }) => Number(id));

/** Answers each request with the next page; keeps what was asked. */
function serve(...pages: { ids: number[]; next?: string; status?: number }[]): URLSearchParams[] {
  const asked: URLSearchParams[] = [];
  vi.stubGlobal("fetch", async (path: string) => {
    asked.push(new URL(path, "http://x").searchParams);
    const page = pages.shift() ?? { ids: [] };
    const answer = { events: page.ids.map(body), next: page.next ?? null };
    return new Response(JSON.stringify(answer), { status: page.status ?? 200 });
  });
  return asked;
}

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test("the first page, then older ones by the server's cursor", async () => {
  const asked = serve({ ids: [9, 8], next: "c1" }, { ids: [7] });
  const rows = new Rows();
  await rows.load("timeout", { kind: "last", span: "1h" });
  expect([rows.status, ids(rows), rows.hasOlder]).toEqual(["ready", [9, 8], true]);
  await rows.loadOlder();
  expect([ids(rows), rows.hasOlder]).toEqual([[9, 8, 7], false]);
  expect(asked.map((each) => Object.fromEntries(each))).toEqual([
    { q: "timeout", since: "1h", limit: "200", exceptions: "false" },
    { q: "timeout", since: "1h", limit: "1000", before: "c1", exceptions: "false" },
  ]);
});

test("a slow answer to an older question is not shown", async () => {
  const answers: ((response: Response) => void)[] = [];
  vi.stubGlobal("fetch", () => new Promise<Response>((resolve) => answers.push(resolve)));
  const rows = new Rows();
  const first = rows.load("a", ALL);
  const second = rows.load("b", ALL);
  answers[1]?.(new Response(JSON.stringify({ events: [body(2)] })));
  answers[0]?.(new Response(JSON.stringify({ events: [body(1)] })));
  await Promise.all([first, second]);
  expect(ids(rows)).toEqual([2]);
});

test("a question that is stopped is cancelled, and nothing of the one before is left or goes on", async () => {
  serve({ ids: [9], next: "c1" });
  const rows = new Rows();
  await rows.load("a", ALL);
  let signal: AbortSignal | null | undefined;
  vi.stubGlobal("fetch", (_path: string, init: RequestInit) => {
    signal = init.signal;
    return new Promise(() => {});
  });
  void rows.load("b", ALL);
  rows.stop();
  expect([signal?.aborted, rows.status, ids(rows)]).toEqual([true, "stopped", []]);
  const asked = serve();
  await rows.loadOlder();
  expect([rows.hasOlder, asked]).toEqual([false, []]);
});

test("live events that come before the first page are kept, once", async () => {
  serve({ ids: [3, 2] });
  const rows = new Rows();
  const loading = rows.load("", ALL);
  rows.addStep([event(3), event(4)], 0);
  await loading;
  expect(ids(rows)).toEqual([4, 3, 2]);
});

test("what is not in the list yet is found", async () => {
  serve({ ids: [3, 2] }, { ids: [5, 4, 3, 2] });
  const rows = new Rows();
  await rows.load("", ALL);
  expect((await rows.findMissed()).map(({ id }) => id)).toEqual(["4", "5"]);
});

test("what an older question missed is nothing to this one", async () => {
  serve({ ids: [1] }, { ids: [2] }, { ids: [] });
  const rows = new Rows();
  await rows.load("a", ALL);
  const missed = rows.findMissed();
  await rows.load("b", ALL);
  expect(await missed).toEqual([]);
});

test("a live list is cut, and what was cut can be loaded again by time", async () => {
  const asked = serve({ ids: [1] }, { ids: [2, 1] });
  const rows = new Rows();
  await rows.load("", ALL);
  rows.addStep(
    Array.from({ length: MAX_LIVE_ROWS }, (_, index) => event(index + 2)),
    0,
  );
  expect([rows.entries.length, rows.hasOlder]).toEqual([MAX_LIVE_ROWS, true]);
  await rows.loadOlder();
  expect(asked[1]?.get("until")).toBe(new Date(2001).toISOString());
  expect(ids(rows).slice(-2)).toEqual([2, 1]);
  expect(rows.entries.length).toBe(MAX_LIVE_ROWS + 1);
});

test("a refusal is kept with its place; an older page's failure leaves the list", async () => {
  vi.stubGlobal(
    "fetch",
    async () => new Response('{"error":{"message":"no","position":3,"length":2}}', { status: 400 }),
  );
  const rows = new Rows();
  await rows.load("a (b", ALL);
  expect([rows.status, rows.error]).toMatchObject(["failed", { refusal: { position: 3 } }]);

  serve({ ids: [2], next: "c" }, { ids: [], status: 503 });
  await rows.load("a", ALL);
  await rows.loadOlder();
  expect([rows.status, ids(rows), rows.error?.message]).toEqual(["ready", [2], "The server answered 503."]);
  // A question that nobody waits for is not asked again.
  serve({ ids: [] });
  await rows.load("c", ALL);
});

test("when nobody answers it says so, and asks again until somebody does", async () => {
  vi.useFakeTimers();
  vi.stubGlobal("fetch", async () => {
    throw new TypeError("Failed to fetch");
  });
  const rows = new Rows();
  const loading = rows.load("", ALL);
  await vi.advanceTimersByTimeAsync(500);
  expect([rows.status, rows.error]).toMatchObject(["failed", { name: "OfflineError" }]);
  serve({ ids: [2, 1] });
  await vi.advanceTimersByTimeAsync(2_000);
  await loading;
  expect([rows.status, rows.error, ids(rows)]).toEqual(["ready", null, [2, 1]]);
});

const gapOf = (rows: Rows) => rows.entries.find((entry) => !isEvent(entry)) as Gap;

test("what was skipped is loaded into its place by when it was received", async () => {
  const asked = serve({ ids: [10] }, { ids: [100, 60, 50, 40] });
  const rows = new Rows();
  await rows.load("a OR b", ALL);
  rows.addStep([event(60), event(100)], 2, true);
  expect(gapOf(rows)).toMatchObject({ skipped: 2, wasHeld: true });
  await rows.fill(gapOf(rows));
  expect(asked[1]?.get("q")).toBe(
    "(a OR b) received_at>=1970-01-01T00:00:00.000Z received_at<=1970-01-01T00:01:40.000Z",
  );
  expect([ids(rows), gapOf(rows), rows.filling]).toEqual([[100, 60, 50, 40, 10], undefined, null]);
});

test("of very many, as many are loaded as of older ones, and the gap grows smaller", async () => {
  const page = Array.from({ length: 1_000 }, (_, index) => 4_000 - index);
  const asked = serve({ ids: [10] }, { ids: page, next: "c" }, { ids: [2_999] });
  const rows = new Rows();
  await rows.load("", ALL);
  rows.addStep([event(5_000)], 1_500);
  await rows.fill(gapOf(rows));
  expect([rows.entries.length, gapOf(rows)?.skipped]).toEqual([1_003, 500]);
  await rows.fill(gapOf(rows));
  expect([asked[2]?.get("before"), ids(rows).slice(-2), gapOf(rows)]).toEqual(["c", [2_999, 10], undefined]);
});

test("what cannot be loaded says so, stays to be loaded, and is forgotten with its question", async () => {
  serve({ ids: [10] }, { ids: [], status: 500 });
  const rows = new Rows();
  await rows.load("", ALL);
  rows.addStep([event(60)], 2);
  await rows.fill(gapOf(rows));
  expect([rows.fillError?.message, rows.filling, gapOf(rows).skipped]).toEqual([
    "The server answered 500.",
    null,
    2,
  ]);
  serve({ ids: [11] });
  await rows.load("b", ALL);
  expect([rows.fillError, ids(rows)]).toEqual([null, [11]]);
});
