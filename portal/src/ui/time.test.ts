import { afterEach, beforeEach, expect, test } from "vitest";
import { renderClock, renderDate, renderDay, renderInstant, shiftInstant } from "./time";

const zone = process.env.TZ;
beforeEach(() => {
  process.env.TZ = "Asia/Kolkata";
});
afterEach(() => {
  process.env.TZ = zone;
});

const INSTANT = "2026-11-23T19:05:09.123456789Z";

test("a row shows milliseconds, in the local zone or in UTC", () => {
  expect(renderClock(INSTANT, "utc")).toBe("19:05:09.123");
  expect(renderDay(INSTANT, "utc")).toBe("Nov 23");
  expect(renderClock(INSTANT, "local")).toBe("00:35:09.123");
  expect(renderDay(INSTANT, "local")).toBe("Nov 24");
});

test("the detail shows every digit and the offset", () => {
  expect(renderInstant(INSTANT, "utc")).toBe("2026-11-23 19:05:09.123456789 UTC");
  expect(renderInstant(INSTANT, "local")).toBe("2026-11-24 00:35:09.123456789 +05:30");
});

test("a time without fraction has zero milliseconds", () => {
  expect(renderClock("2026-11-23T19:05:09Z", "utc")).toBe("19:05:09.000");
  expect(renderClock("2026-11-23T19:05:09.5Z", "utc")).toBe("19:05:09.500");
});

test("instants shift by milliseconds", () => {
  expect(shiftInstant(INSTANT, -123)).toBe("2026-11-23T19:05:09.000Z");
});

test("a date to be typed again is as short as it is exact", () => {
  expect(renderDate("2026-11-23T19:05:00Z", "utc")).toBe("2026-11-23 19:05");
  expect(renderDate("2026-11-23T19:05:09Z", "local")).toBe("2026-11-24 00:35:09");
  expect(renderDate(INSTANT, "utc")).toBe("2026-11-23 19:05:09.123");
});
