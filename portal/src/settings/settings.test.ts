import { describe, expect, test } from "vitest";
import { renderAgo, renderBytes, renderCount, renderShare, renderSpan } from "../ui/amounts";
import { readKeys } from "./shapes/keys";
import { readSystem } from "./shapes/system";
import { readUser } from "./shapes/users";
import { PLACEHOLDER, pathOfPage, textOf } from "./snippets/snippet";
import { SNIPPETS } from "./snippets/snippets";

test.each([
  [0, "0 B"],
  [1023, "1023 B"],
  [1536, "1.5 KiB"],
  [1024 * 1024 - 1, "1 MiB"],
  [8 * 1024 ** 3, "8 GiB"],
  [123.4 * 1024 ** 4, "123 TiB"],
])("%d bytes are %s", (bytes, text) => expect(renderBytes(bytes)).toBe(text));

test.each([
  [999_999, "999,999"],
  [1_234_567, "1.23 M"],
  [12_345_678_901, "12.3 G"],
])("%d events are %s", (count, text) => expect(renderCount(count)).toBe(text));

test.each([
  [12.4, "12 ms"],
  [1_234, "1.23 s"],
  [61_000, "1 min"],
  [7_200_000, "2 h"],
  [86_400_000 * 40, "40 d"],
])("%d ms are %s", (ms, text) => expect(renderSpan(ms)).toBe(text));

test("how long ago, also by a clock that is behind", () => {
  const now = Date.parse("2026-11-24T10:00:00Z");
  expect(renderAgo("2026-11-24T09:57:00Z", now)).toBe("3 min ago");
  expect(renderAgo("2026-11-24T10:00:30Z", now)).toBe("just now");
});

test("a share of nothing is nothing", () => {
  expect(renderShare(0, 0)).toBe("0 %");
  expect(renderShare(1, 3)).toBe("33 %");
  expect(renderShare(1, 10_000)).toBe("< 0.1 %");
});

describe("snippets", () => {
  const url = "https://logs.example.com";

  test("there are at least twelve, each with its own id and the address and key in it", () => {
    expect(SNIPPETS.length).toBeGreaterThanOrEqual(12);
    expect(new Set(SNIPPETS.map((snippet) => snippet.id)).size).toBe(SNIPPETS.length);
    for (const snippet of SNIPPETS) {
      const text = textOf(snippet, url, "lgs_key", 7);
      if (!snippet.sender) expect(text).toContain("lgs_key");
      expect(text).toContain("logs.example.com");
      expect(text).not.toContain("undefined");
    }
  });

  test("each client of another server leads to the page of its dialect", () => {
    for (const snippet of SNIPPETS) {
      const isOfDialect = snippet.group === "Clients of" || snippet.id === "text";
      expect(snippet.page !== undefined, snippet.id).toBe(isOfDialect);
    }
    expect(pathOfPage(SNIPPETS.find(({ id }) => id === "logger"))).toBe("/static/protocols/syslog.txt");
    expect(pathOfPage(SNIPPETS.find(({ id }) => id === "curl"))).toBe("/Help");
  });

  test("a port that stands for a key asks for no other", () => {
    const ports = SNIPPETS.filter(({ sender }) => sender);
    expect(new Set(ports.map(({ sender }) => sender))).toEqual(new Set(["syslog", "GELF"]));
    for (const snippet of ports) {
      expect(textOf(snippet, url, "lgs_key")).not.toContain("lgs_key");
      expect(textOf(snippet, url, "")).not.toContain(PLACEHOLDER);
    }
  });

  test("the number of the key is the project of a DSN", () => {
    const sentry = SNIPPETS.find((snippet) => snippet.id === "sentry")!;
    expect(textOf(sentry, url, "lgs_key", 7)).toContain('dsn="https://lgs_key@logs.example.com/7"');
  });

  test("without a key the place for it can be seen", () => {
    for (const snippet of SNIPPETS.filter(({ sender }) => !sender)) {
      expect(textOf(snippet, url, "")).toContain(PLACEHOLDER);
    }
  });

  test("a key that could break out of its quotes is not filled in", () => {
    for (const key of ['a"b', "a'b", "a\\b", "a$b", "a`b", "a\nb"]) {
      for (const snippet of SNIPPETS) {
        expect(textOf(snippet, url, key)).toBe(textOf(snippet, url, ""));
      }
    }
  });

  test("shippers that ask for a host get host, port and TLS of the address", () => {
    const shipper = SNIPPETS.find((snippet) => snippet.id === "fluent-bit");
    if (!shipper) throw new Error("fluent-bit is missing");
    expect(textOf(shipper, url, "k")).toMatch(/Host +logs\.example\.com\n +Port +443\n.*On/);
    expect(textOf(shipper, "http://10.0.0.1:8000", "k")).toMatch(/Port +8000\n.*Off/);
    expect(textOf(shipper, "http://10.0.0.1/logs", "k")).toMatch(/URI +\/logs\/api\/Logs\n/);
  });
});

describe("shapes", () => {
  test("the wrong shape is an error, not an undefined", () => {
    expect(() => readKeys({ keys: [{ id: 1 }] })).toThrow("not text");
    expect(() => readUser({ id: 1, email: "a@b", role: "king", created_at: "" })).toThrow("role");
  });

  test("a machine or store that is not told is null", () => {
    const system = readSystem({
      version: "1",
      started_at: "2026-01-01T00:00:00Z",
      now: "2026-01-01T00:00:00Z",
      retention_days: 30,
      machine: null,
      loads: null,
    });
    expect([system.machine, system.loads]).toEqual([null, null]);
  });
});
