import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { openLive } from "./live";

/** The browser's own, moved by hand. */
class FakeSource {
  static readonly CLOSED = 2;
  static all: FakeSource[] = [];
  readyState = 0;
  onopen = () => {};
  onerror = () => {};
  constructor(readonly address: string) {
    FakeSource.all.push(this);
  }
  addEventListener() {}
  close() {}
}

beforeEach(() => {
  FakeSource.all = [];
  vi.useFakeTimers();
  vi.stubGlobal("EventSource", FakeSource);
  vi.stubGlobal("document", { hidden: true });
  vi.stubGlobal("fetch", async () => new Response("{}"));
});

afterEach(() => {
  vi.useRealTimers();
});

function follow(): string[] {
  const told: string[] = [];
  openLive("x", {
    onstep: () => told.push("step"),
    onstate: (state) => told.push(state),
    onbegin: () => told.push("begin"),
  });
  return told;
}

test("a stream begins once, however often the browser takes it up again", () => {
  const told = follow();
  FakeSource.all[0]?.onopen();
  FakeSource.all[0]?.onerror();
  FakeSource.all[0]?.onopen();
  expect(told).toEqual(["connecting", "open", "begin", "lost", "open"]);
});

test("where the browser gave up before anything was seen, the stream begins again", async () => {
  const told = follow();
  const [first] = FakeSource.all;
  if (first) first.readyState = FakeSource.CLOSED;
  first?.onerror();
  await vi.advanceTimersByTimeAsync(5_000);
  FakeSource.all[1]?.onopen();
  expect(told).toEqual(["connecting", "lost", "connecting", "open", "begin"]);
});
