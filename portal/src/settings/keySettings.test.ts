import { describe, expect, test } from "vitest";
import { draftOf, parseSize, renderSize, settingsOf, summaryOf } from "./keySettings";
import type { KeySettings } from "./shapes/keys";

const NOTHING: KeySettings = {
  application: null,
  environment: null,
  category: null,
  minimum_severity: null,
  filter: null,
  properties: {},
  events_per_second: null,
  burst_events: null,
  daily_bytes: null,
  origins: [],
};

describe("the settings of a key as a form", () => {
  test("an empty form is nothing", () => {
    expect(settingsOf(draftOf(NOTHING))).toEqual(NOTHING);
    expect(summaryOf(NOTHING)).toEqual([]);
  });

  test("what is shown is what is saved", () => {
    const settings: KeySettings = {
      application: "shop",
      environment: "production",
      category: "web",
      minimum_severity: "warn",
      filter: "-category:Health*",
      properties: { team: "core", n: 7, f: 1.5, yes: true, text: "7", no: "false", sum: "a=b", q: '"x"' },
      events_per_second: 0.5,
      burst_events: 20,
      daily_bytes: 5 * 1024 ** 3,
      origins: ["https://shop.example", "http://localhost:3000"],
    };
    expect(settingsOf(draftOf(settings))).toEqual(settings);
    expect(summaryOf(settings)).toEqual([
      "shop, production, web",
      "8 properties",
      "warn and above",
      "filter",
      "0.5/s",
      "origins",
    ]);
  });

  test("lines without a name are told", () => {
    expect(() => settingsOf({ ...draftOf(NOTHING), properties: "team" })).toThrow("name=value");
    expect(() => settingsOf({ ...draftOf(NOTHING), rate: "fast" })).toThrow("fast");
  });
});

describe("a size", () => {
  test.each([
    ["", null],
    ["1", 1],
    ["500 MB", 500_000_000],
    ["5GiB", 5 * 1024 ** 3],
    ["1.5 kb", 1500],
    ["2T", 2e12],
  ])("%s", (typed, bytes) => {
    expect(parseSize(typed)).toBe(bytes);
    if (bytes !== null) expect(parseSize(renderSize(bytes))).toBe(bytes);
  });

  test("that is none is told", () => expect(() => parseSize("many")).toThrow("many"));
});
