import { expect, test } from "vitest";
import type { Event } from "../api/shapes";
import { type Entry, entriesOfStep, isEvent, mergeEntries } from "./entries";

const event = (sort: string) => ({ id: sort, sort }) as Event;
const sorts = (entries: readonly Entry[]) => entries.map((entry) => entry.sort);
const list = (...names: string[]) => names.map(event);

test("newer events go on top, older ones below", () => {
  expect(sorts(mergeEntries(list("9", "8"), list("7")))).toEqual(["9", "8", "7"]);
  expect(sorts(mergeEntries(list("7"), list("9", "8")))).toEqual(["9", "8", "7"]);
});

test("a late event finds its place in time", () => {
  expect(sorts(mergeEntries(list("9", "6", "5"), list("8", "7", "4")))).toEqual([..."987654"]);
});

test("an event that comes twice is shown once", () => {
  expect(sorts(mergeEntries(list("9", "8"), list("8", "7")))).toEqual(["9", "8", "7"]);
  expect(sorts(mergeEntries(list("9", "8"), list("9", "8")))).toEqual(["9", "8"]);
});

test("nothing on one side leaves the other", () => {
  expect(mergeEntries([], [])).toEqual([]);
  expect(sorts(mergeEntries([], list("1")))).toEqual(["1"]);
});

test("any split of a list merges back to it", () => {
  const all = [..."fedcba9876543210"];
  for (let mask = 0; mask < 1 << all.length; mask += 997) {
    const left = all.filter((_, bit) => mask & (1 << bit));
    const right = all.filter((_, bit) => !(mask & (1 << bit)) || bit % 3 === 0);
    expect(sorts(mergeEntries(list(...left), list(...right)))).toEqual(all);
  }
});

test("a step is turned around, its gap below the oldest of it", () => {
  const step = list("10", "20", "30").map((each) => ({ ...each, received_at: "2026-11-23T09:00:00Z" }));
  const entries = entriesOfStep(step, 7);
  expect(entries.map((entry) => (isEvent(entry) ? entry.id : entry.skipped))).toEqual(["30", "20", "10", 7]);
  const merged = mergeEntries(entries, list("05"));
  expect(merged.map((entry) => (isEvent(entry) ? entry.id : entry.skipped))).toEqual([
    "30",
    "20",
    "10",
    7,
    "05",
  ]);
});
