import { expect, test } from "vitest";
import { NO_STEPS, type Steps, goBack, remember } from "./undo";

test("goes back step by step, a drag and a name at once", () => {
  let steps: Steps<string> = NO_STEPS;
  for (const [state, kind] of [
    ["a", null],
    ["b", null],
    ["c", "name"],
    ["d", "name"],
    ["e", "drag 1"],
    ["f", "drag 2"],
  ] as const)
    steps = remember(steps, state, kind);
  const seen: (string | undefined)[] = [];
  for (let at = 0; at < 6; at += 1) {
    const { state, steps: left } = goBack(steps);
    seen.push(state);
    steps = left;
  }
  expect(seen).toEqual(["f", "e", "c", "b", "a", undefined]);
});

test("what is typed after going back is a step of its own", () => {
  const typed = remember(goBack(remember(NO_STEPS as Steps<string>, "a", "name")).steps, "a", "name");
  expect(goBack(typed).state).toBe("a");
});

test("keeps a bounded number of steps", () => {
  let steps: Steps<number> = NO_STEPS;
  for (let at = 0; at < 1_000; at += 1) steps = remember(steps, at, null);
  expect([steps.states.length, goBack(steps).state]).toEqual([100, 999]);
});
