import { expect, test } from "vitest";
import { readStats } from "../api/answers";
import { EVENT_VIEWS, numberViewIn, numberViewsOf, viewAfter } from "./views";

const stats = (...roles: string[]) =>
  readStats({ columns: roles.map((role) => ({ name: role, kind: "", role })), rows: [] });

test("a line needs steps; what was chosen and does not fit is another view", () => {
  const withSteps = numberViewsOf(stats("step", "number"));
  const without = numberViewsOf(stats("group", "number"));
  expect([numberViewIn(withSteps, "line"), numberViewIn(without, "line")]).toEqual(["line", "bar"]);
  expect(numberViewIn(without, "table")).toBe("table");
});

test("after the last view comes the first", () => {
  expect(viewAfter(EVENT_VIEWS, "list")).toBe("patterns");
  expect(viewAfter(EVENT_VIEWS, "patterns")).toBe("list");
});
