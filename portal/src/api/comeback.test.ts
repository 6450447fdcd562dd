import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Answer } from "../state/answer.svelte";
import { OfflineError } from "./client";
import { Comeback, comeback } from "./comeback.svelte";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  comeback.reached();
  vi.useRealTimers();
});

const never = new AbortController().signal;

test("pauses grow, and not beyond half a minute", async () => {
  const own = new Comeback();
  const begun = Date.now();
  const at: number[] = [];
  const ask = async () => {
    for (;;) {
      await own.wait(never);
      at.push((Date.now() - begun) / 1_000);
    }
  };
  void ask();
  await vi.advanceTimersByTimeAsync(125_000);
  expect(at).toEqual([1, 3, 7, 15, 31, 61, 91, 121]);
  expect([own.isAway, own.secondsLeft]).toEqual([true, 26]);
});

test("the seconds are counted down, and one can ask at once", async () => {
  const own = new Comeback();
  own.now();
  void own.wait(never).then(() => own.wait(never));
  await vi.advanceTimersByTimeAsync(1_000);
  expect(own.secondsLeft).toBe(2);
  await vi.advanceTimersByTimeAsync(1_200);
  expect(own.secondsLeft).toBe(1);
  own.now();
  expect([own.isAway, own.secondsLeft]).toEqual([true, null]);
});

test("when one is answered all others ask, and the next pause is short again", async () => {
  const own = new Comeback();
  let asked = 0;
  for (let each = 0; each < 3; each += 1) void own.wait(never).then(() => (asked += 1));
  own.reached();
  await vi.advanceTimersByTimeAsync(0);
  expect([asked, own.isAway, own.secondsLeft]).toEqual([3, false, null]);
  void own.wait(never);
  expect(own.secondsLeft ?? 0).toBeLessThanOrEqual(1);
});

test("who no longer waits is not asked for, and without anybody nothing is away", async () => {
  const own = new Comeback();
  const request = new AbortController();
  let asked = 0;
  void own.wait(request.signal).then(() => (asked += 1));
  request.abort();
  await vi.advanceTimersByTimeAsync(60_000);
  expect([asked, own.isAway, own.secondsLeft]).toEqual([0, false, null]);
});

test("a page that nobody looks at asks when somebody does", async () => {
  const page = { hidden: true };
  vi.stubGlobal("document", page);
  const own = new Comeback();
  let asked = 0;
  void own.wait(never).then(() => (asked += 1));
  await vi.advanceTimersByTimeAsync(60_000);
  expect([asked, own.secondsLeft]).toEqual([0, 0]);
  page.hidden = false;
  own.now();
  await vi.advanceTimersByTimeAsync(0);
  expect(asked).toBe(1);
});

test("a question that nobody answered is answered when the server is back", async () => {
  const answer = new Answer<number>();
  let attempts = 0;
  const asking = answer.ask(async () => {
    attempts += 1;
    if (attempts < 4) throw new OfflineError("away");
    return 42;
  });
  await vi.advanceTimersByTimeAsync(0);
  expect([answer.value, answer.error?.message, answer.isLoading]).toEqual([null, "away", false]);
  await vi.advanceTimersByTimeAsync(20_000);
  await asking;
  expect([answer.value, answer.error, attempts]).toEqual([42, null, 4]);
});

test("a refusal is an answer, and a question that was stopped is not asked again", async () => {
  const answer = new Answer<number>();
  await answer.ask(() => Promise.reject(new Error("no")));
  expect([answer.error?.message, comeback.isAway]).toEqual(["no", false]);
  let attempts = 0;
  void answer.ask(async () => {
    attempts += 1;
    throw new OfflineError("away");
  });
  await vi.advanceTimersByTimeAsync(0);
  answer.stop();
  await vi.advanceTimersByTimeAsync(60_000);
  expect([attempts, comeback.isAway]).toEqual([1, false]);
});
