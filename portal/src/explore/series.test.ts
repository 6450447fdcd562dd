import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { COLORS, colorsOf, isAdditive, unitOf } from "./series";

const of = (...values: string[]) => values.map((value) => ({ field: "application", value }));

test("only counts and sums add up", () => {
  expect(["count", "sum(ms)"].map(isAdditive)).toEqual([true, true]);
  for (const name of ["avg(ms)", "min(ms)", "max(count)", "p95(ms)", "p99.9(sum)", "count distinct user"])
    expect(isAdditive(name)).toBe(false);
});

test("a unit is named only where the name says it", () => {
  const units = {
    "p95(DurationMs)": "ms",
    "avg(duration_ms)": "ms",
    "max(http.elapsed.ms)": "ms",
    "avg(ms)": "ms",
    'avg("elapsed seconds")': "s",
    "avg(elapsed_s)": "s",
    "sum(bytes)": "bytes",
    "sum(ResponseBytes)": "bytes",
    "avg(cpu_percent)": "%",
    "p50(cpu.pct)": "%",
    count: "",
    "count distinct DurationMs": "",
    "sum(cpu_percent)": "",
    "sum(bytes_per_s)": "",
    "avg(BytesPerSecond)": "",
    "avg(items)": "",
    "avg(SMS)": "",
    "avg(terms)": "",
    "avg(s)": "",
    "max(timestamp)": "",
  };
  expect(Object.fromEntries(Object.keys(units).map((name) => [name, unitOf(name)]))).toEqual(units);
});

test("a value keeps its colour whatever its rank and whoever stands beside it", () => {
  const [shop, cart] = colorsOf(of("shop", "cart"));
  expect(colorsOf(of("cart", "shop"))).toEqual([cart, shop]);
  for (const other of ["billing", "mail", "api", "web"]) {
    const apart = colorsOf(of(other))[0];
    if (apart !== shop) expect(colorsOf([...of(other), ...of("shop")])[1]).toBe(shop);
  }
  expect(colorsOf([{ field: "Application", value: "shop" }])[0]).toBe(shop);
  expect(colorsOf([null])).toEqual([0]);
});

test("colours of one chart differ as long as there are some, and in the same way every time", () => {
  const values = Array.from({ length: COLORS }, (_, at) => `host-${at}`);
  const colors = colorsOf(of(...values));
  expect(new Set(colors).size).toBe(COLORS);
  expect(colorsOf(of(...values.toReversed()))).toEqual(colors.toReversed());
  expect(colorsOf(of(...values, "one more")).every((color) => color >= 0 && color < COLORS)).toBe(true);
});

test("colours are spread: many values have many colours of their own", () => {
  const homes = Array.from({ length: 2_000 }, (_, at) => colorsOf(of(`user${at}`))[0] ?? 0);
  for (let color = 0; color < COLORS; color += 1)
    expect(homes.filter((each) => each === color).length).toBeGreaterThan(50);
});

test("every colour stands out from its ground, in light and in dark", () => {
  const tokens = readFileSync(new URL("../ui/tokens.css", import.meta.url), "utf8");
  const pair = (name: string) => {
    const [, light = "", dark = ""] =
      new RegExp(`--${name}: light-dark\\((#\\w{6}), (#\\w{6})\\)`).exec(tokens) ?? [];
    return [light, dark];
  };
  const luminance = (color: string) =>
    [1, 3, 5]
      .map((at) => Number.parseInt(color.slice(at, at + 2), 16) / 255)
      .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4))
      .reduce((sum, part, at) => sum + part * ([0.2126, 0.7152, 0.0722][at] ?? 0), 0);
  const grounds = pair("ground").map(luminance);
  const shades = Array.from({ length: COLORS }, (_, at) => pair(`series-${at}`));
  expect(new Set(shades.map(String)).size).toBe(COLORS);
  for (const shade of shades)
    for (const [at, color] of shade.entries()) {
      const [low = 0, high = 0] = [luminance(color), grounds[at] ?? 0].sort((a, b) => a - b);
      expect((high + 0.05) / (low + 0.05), color).toBeGreaterThanOrEqual(3);
    }
});
