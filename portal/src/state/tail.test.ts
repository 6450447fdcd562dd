import { expect, test } from "vitest";
import type { LiveListener } from "../api/live";
import type { Event } from "../api/shapes";
import { MAX_HELD_EVENTS, Tail } from "./tail.svelte";

/** Stands among the steps where the stream began. */
const BEGUN = { events: [], skipped: -1 };

function build() {
  const given: { events: readonly Event[]; skipped: number; wasHeld?: boolean }[] = [];
  const opened: { text: string; listener: LiveListener; isClosed: boolean }[] = [];
  const tail = new Tail(
    (events, skipped, wasHeld) => given.push({ events, skipped, ...(wasHeld && { wasHeld }) }),
    () => given.push(BEGUN),
    (text, listener) => {
      const stream = { text, listener, isClosed: false };
      opened.push(stream);
      return { close: () => (stream.isClosed = true) };
    },
  );
  return { tail, given, opened };
}

const events = (count: number) =>
  Array.from({ length: count }, (_, index) => ({ id: String(index) }) as Event);

test("a step flows through", () => {
  const { tail, given, opened } = build();
  tail.start("x");
  opened[0]?.listener.onstep({ events: events(2), skipped: 1 });
  expect(given).toEqual([{ events: events(2), skipped: 1 }]);
});

test("held events wait, are counted, and come together on release", () => {
  const { tail, given, opened } = build();
  tail.start("x");
  tail.hold();
  opened[0]?.listener.onstep({ events: events(2), skipped: 0 });
  opened[0]?.listener.onstep({ events: events(3), skipped: 4 });
  expect(given).toEqual([]);
  expect(tail.heldCount).toBe(9);
  tail.release();
  expect(tail.heldCount).toBe(0);
  expect(given).toEqual([{ events: [...events(2), ...events(3)], skipped: 4, wasHeld: true }]);
});

test("what waits is bounded; the rest counts as skipped", () => {
  const { tail, given, opened } = build();
  tail.start("x");
  tail.hold();
  for (let step = 0; step < 5; step += 1) opened[0]?.listener.onstep({ events: events(400), skipped: 0 });
  tail.release();
  expect(given[0]?.events.length).toBe(MAX_HELD_EVENTS);
  expect(given[0]?.skipped).toBe(2_000 - MAX_HELD_EVENTS);
});

test("a new question closes the old stream and forgets what waited", () => {
  const { tail, opened } = build();
  tail.start("a");
  tail.hold();
  opened[0]?.listener.onstep({ events: events(1), skipped: 0 });
  tail.start("b");
  expect(opened.map(({ text, isClosed }) => [text, isClosed])).toEqual([
    ["a", true],
    ["b", false],
  ]);
  expect(tail.heldCount).toBe(0);
});

test("the stream's state is shown until it is stopped", () => {
  const { tail, opened } = build();
  tail.start("a");
  opened[0]?.listener.onstate("lost");
  expect(tail.state).toBe("lost");
  tail.stop();
  expect(tail.state).toBe("off");
});

test("the beginning of the stream is passed on", () => {
  const { tail, given, opened } = build();
  tail.start("x");
  opened[0]?.listener.onbegin();
  expect(given).toEqual([BEGUN]);
});
