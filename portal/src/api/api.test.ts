import { expect, test, vi } from "vitest";
import { csrfToken } from "./client";
import { LongNumber, parseJson } from "./json";
import { Coalescer } from "./live";
import { type Event, type Step, readEvent, readPage, readRefusal, sortOf } from "./shapes";
import { ShapeError } from "./values";

test("a number longer than a double keeps its digits", () => {
  const value = parseJson('{"a": 12345678901234567890, "b": 1.5, "c": "12345678901234567890"}');
  expect(value).toEqual({
    a: new LongNumber("12345678901234567890"),
    b: 1.5,
    c: "12345678901234567890",
  });
  expect(JSON.stringify(value)).toContain('"a":"12345678901234567890"');
});

test("a whole double is written as the server's facets have it", () => {
  expect(parseJson("[9.223372036854776e18, -9007199254740992.0, 1.5e20, 1e15, 2.5e-17]")).toEqual([
    new LongNumber("9223372036854775808"),
    new LongNumber("-9007199254740992"),
    1.5e20,
    1e15,
    2.5e-17,
  ]);
});

test("safe numbers stay numbers", () => {
  expect(parseJson("[9007199254740991, 1234567890123456, 0.1234567890123456789]")).toEqual([
    9007199254740991, 1234567890123456, 0.12345678901234568,
  ]);
});

test("absent text is null, absent properties are none", () => {
  const event = readEvent({ id: "1", timestamp: "2026-11-23T09:00:00Z", severity: 3, message: "m" });
  expect(event).toMatchObject({ user: null, exception: null, properties: {}, severity: 3 });
});

test("a page of the wrong shape is refused", () => {
  expect(() => readPage(null)).toThrow(ShapeError);
  expect(() => readPage({ events: {} })).toThrow(ShapeError);
  expect(() => readPage({ events: [{ id: 5 }] })).toThrow("The server's id is not text.");
});

test("a suggestion may hold a search, a sentence alone, or not be there", () => {
  const page = { events: [], next: null, previous: null };
  expect(readPage(page).hint).toBeNull();
  const hint = { text: "No.", q: null, offers: [] };
  expect(readPage({ ...page, hint }).hint).toEqual(hint);
  const offers = [{ q: "b:1", count: 3 }];
  expect(readPage({ ...page, hint: { ...hint, q: "a:1", offers } }).hint).toEqual({
    ...hint,
    q: "a:1",
    offers,
  });
});

test("events sort by time to the nanosecond, then by id, whatever their digits", () => {
  const ordered = [
    sortOf("2026-11-23T09:00:00Z", "9"),
    sortOf("2026-11-23T09:00:00Z", "10"),
    sortOf("2026-11-23T09:00:00.1Z", "1"),
    sortOf("2026-11-23T09:00:00.123Z", "1"),
    sortOf("2026-11-23T09:00:00.123000001Z", "1"),
    sortOf("2026-11-23T09:00:01Z", "1"),
  ];
  expect(ordered.toSorted()).toEqual(ordered);
});

test("a refusal may come without a place, or not at all", () => {
  expect(readRefusal({ error: { message: "no" } })).toEqual({
    message: "no",
    position: null,
    length: null,
  });
  expect(readRefusal("<html>")).toBeNull();
});

test("the token is found among other cookies", () => {
  expect(csrfToken("a=1; csrftoken=x%3Dy; b=2")).toBe("x=y");
  expect(csrfToken("xcsrftoken=1")).toBe("");
  // Another Logster at the top of the host; browsers have the longer path first.
  expect(csrfToken("csrftoken=ours; csrftoken=of-the-top")).toBe("ours");
});

test("steps of one frame are given together, those of the next apart", () => {
  const given: Step[] = [];
  const frames: (() => void)[] = [];
  const steps = new Coalescer(
    (step) => given.push(step),
    (call) => frames.push(call),
  );
  const [a, b, c] = ["a", "b", "c"].map((id) => ({ id }) as Event) as [Event, Event, Event];
  steps.add({ events: [a], skipped: 0 });
  steps.add({ events: [b], skipped: 5 });
  steps.add({ events: [], skipped: 0 });
  expect(frames.length).toBe(1);
  frames.shift()?.();
  steps.add({ events: [c], skipped: 0 });
  frames.shift()?.();
  expect(given).toEqual([
    { events: [a, b], skipped: 5 },
    { events: [c], skipped: 0 },
  ]);
});

test("a heartbeat wakes nobody, and nothing is given after the stop", () => {
  const give = vi.fn();
  const frames: (() => void)[] = [];
  const steps = new Coalescer(give, (call) => frames.push(call));
  steps.add({ events: [], skipped: 0 });
  expect(frames).toEqual([]);
  steps.add({ events: [], skipped: 1 });
  steps.stop();
  frames.shift()?.();
  expect(give).not.toHaveBeenCalled();
});
