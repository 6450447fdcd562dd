import { expect, test } from "vitest";
import { draftOf, hasChanged } from "./saved";

const saved = {
  ...{ id: 1, name: "slow", q: "ms>500", columns: ["ms"], since: "1h", until: "" },
  ...{ is_shared: true, owner: "ada@example.com", can_change: true },
};

test("a search that is asked as it was kept has not changed", () => {
  expect(hasChanged(saved, draftOf(saved))).toBe(false);
});

test.each([
  { name: "slower" },
  { q: "ms>900" },
  { columns: [] },
  { since: "2h" },
  { until: "now" },
  { is_shared: false },
])("%j is a change", (part) => expect(hasChanged(saved, { ...draftOf(saved), ...part })).toBe(true));
