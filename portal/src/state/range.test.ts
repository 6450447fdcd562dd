import { describe, expect, test } from "vitest";
import { ALL, boundsOf, parseRange, parseTyped, rangeOf, renderRange } from "./range";

const NOW = new Date("2026-11-24T10:30:00Z");

test("a range is what its text says, open sides too", () => {
  for (const text of ["15m", "2026-11-24T08:00:00Z~", "~2026-11-24T08:00:00Z"])
    expect(renderRange(parseRange(text))).toBe(text);
  for (const text of ["", "~", "soon", "a~b", "1~2~3", "15"]) expect(parseRange(text)).toEqual(ALL);
  expect(boundsOf(parseRange("~2026-11-24T08:00:00Z")).since).toBeNull();
});

test("a range comes back from what the server keeps of it", () => {
  for (const text of ["all", "15m", "2026-11-24T08:00:00Z~", "~2026-11-24T08:00:00Z"]) {
    const { since, until } = boundsOf(parseRange(text));
    expect(renderRange(rangeOf(since ?? "", until ?? ""))).toBe(text);
  }
});

describe("typed", () => {
  test.each([
    ["2h ago", "", "2h"],
    ["15 minutes", "now", "15m"],
    ["90s ago", "", "90s"],
    ["-1h", "", "1h"],
    ["now-2h", "now", "2h"],
    ["13:00", "", "2026-11-23T13:00:00.000Z~"],
    ["22:00", "02:00", "2026-11-23T22:00:00.000Z~2026-11-24T02:00:00.000Z"],
    ["1764547200", "1764547200500", "2025-12-01T00:00:00.000Z~2025-12-01T00:00:00.500Z"],
    ["", "", "all"],
    ["2026-11-24 08:00", "2026-11-24T09:15:30", "2026-11-24T08:00:00.000Z~2026-11-24T09:15:30.000Z"],
    ["08:00", "", "2026-11-24T08:00:00.000Z~"],
    ["yesterday", "today", "2026-11-23T00:00:00.000Z~2026-11-24T00:00:00.000Z"],
    ["yesterday 18:00", "2h ago", "2026-11-23T18:00:00.000Z~2026-11-24T08:30:00.000Z"],
    ["", "2026-11-01", "~2026-11-01T00:00:00.000Z"],
    ["2026-11-24T08:00:00.123456Z", "", "2026-11-24T08:00:00.123456000Z~"],
    ["2026-11-24 08:00 +02:00", "", "2026-11-24T06:00:00.000Z~"],
  ])("from %j to %j is %j in UTC", (from, to, expected) => {
    const range = parseTyped(from, to, NOW, "UTC");
    expect(typeof range === "string" ? range : renderRange(range)).toBe(expected);
  });

  test("times are those of the zone that is shown", () => {
    expect(parseTyped("2026-11-24 08:00", "", NOW, "Europe/Berlin")).toMatchObject({
      since: "2026-11-24T07:00:00.000Z",
    });
    expect(parseTyped("2026-11-24 08:00Z", "", NOW, "Europe/Berlin")).toMatchObject({
      since: "2026-11-24T08:00:00.000Z",
    });
  });

  test.each([
    ["soon", "", "From: “soon” is no time"],
    ["", "25:00", "To: “25:00” is no time"],
    ["2026-13-01", "", "From: “2026-13-01” is no time"],
    ["2026-11-24", "2026-11-23", "The end must be later"],
    ["-1h", "2h ago", "The end must be later"],
  ])("from %j to %j is refused", (from, to, said) => {
    expect(parseTyped(from, to, NOW, "UTC")).toContain(said);
  });
});
