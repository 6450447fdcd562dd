import { expect, test } from "vitest";
import { type Stats, readStats } from "../api/answers";
import { barsOf, hasSteps, numberColumns, renderTable, timelineOf } from "./numbers";

const step = { name: "time", kind: "time", role: "step" };
const group = { name: "application", kind: "text", role: "group" };
const count = { name: "count", kind: "number", role: "number" };
const at = (minute: number) => `2026-11-24T08:0${minute}:00Z`;

const table = (columns: object[], rows: unknown[][], everyS: number | null = null): Stats =>
  readStats({ columns, rows, every_s: everyS, has_more: false, elapsed_ms: 1 });

test("a line for each group, the largest first, every step with a value", () => {
  const stats = table(
    [step, group, count],
    [
      [at(0), "cart", 1],
      [at(0), "shop", 5],
      [at(3), "shop", 2],
    ],
    60,
  );
  const { starts, lines } = timelineOf(stats, 2);
  expect(starts.map((start) => new Date(start).toISOString().slice(11, 16))).toEqual([
    "08:00",
    "08:01",
    "08:02",
    "08:03",
  ]);
  expect(lines).toEqual([
    { name: "shop", subject: { field: "application", value: "shop" }, values: [5, 0, 0, 2] },
    { name: "cart", subject: { field: "application", value: "cart" }, values: [1, 0, 0, 0] },
  ]);
});

test("severities stand the worst first and are known as such", () => {
  const severity = { name: "severity", kind: "text", role: "group" };
  const stats = table(
    [step, severity, count],
    [
      [at(0), "info", 9],
      [at(0), "error", 1],
    ],
    60,
  );
  const { lines, isSeverity } = timelineOf(stats, 2);
  expect([lines.map(({ name }) => name), isSeverity]).toEqual([["error", "info"], true]);
});

test("where nothing was measured a line is open, not zero", () => {
  const p95 = { name: "p95(DurationMs)", kind: "number", role: "number" };
  const { lines, unit, canStack } = timelineOf(
    table(
      [step, p95],
      [
        [at(0), 4.5],
        [at(2), null],
      ],
      60,
    ),
    1,
  );
  expect(lines).toEqual([{ name: "p95(DurationMs)", subject: null, values: [4.5, null, null] }]);
  expect([unit, canStack]).toEqual(["ms", false]);
});

test("only what adds up and is not below zero is stacked; nobody counted is zero", () => {
  const timeline = (name: string, value: number) =>
    timelineOf(
      table(
        [step, group, { ...count, name }],
        [
          [at(0), "shop", value],
          [at(2), "shop", 1],
        ],
        60,
      ),
      2,
    );
  expect(["count", "sum(ms)"].map((name) => timeline(name, 3).canStack)).toEqual([true, true]);
  expect(
    ["avg(ms)", "max(ms)", "p99(ms)", "count distinct user"].map((name) => timeline(name, 3).canStack),
  ).toEqual([false, false, false, false]);
  expect(timeline("sum(balance)", -3).canStack).toBe(false);
  expect(timeline("count distinct user", 3).lines[0]?.values).toEqual([3, 0, 1]);
});

test("groups are bars in the server's order, without a value they have a name too", () => {
  const stats = table(
    [group, count],
    [
      ["shop", 5],
      [null, 2],
      ["", 1],
    ],
  );
  expect(hasSteps(stats)).toBe(false);
  expect(numberColumns(stats)).toEqual([1]);
  expect(barsOf(stats, 1).map(({ name, value }) => [name, value])).toEqual([
    ["shop", 5],
    ["(none)", 2],
    ["(none)", 1],
  ]);
});

test("a gap of years does not fill the memory", () => {
  const stats = table(
    [step, count],
    [
      ["1990-01-01T00:00:00Z", 1],
      [at(0), 1],
    ],
    1,
  );
  expect(timelineOf(stats, 1).starts.length).toBeLessThan(5_100);
});

test("a table is copied without breaking its cells", () => {
  expect(
    renderTable(
      table(
        [group, count],
        [
          ["a\tb\nc", 1],
          [null, 2],
        ],
      ),
    ),
  ).toBe("application\tcount\na b c\t1\n\t2");
});
