import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Completion as Answer } from "../api/answers";
import { Completion } from "./completion.svelte";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const answer = (start: number, ...texts: string[]): Answer => ({
  start,
  suggestions: texts.map((text) => ({ text, count: null })),
});

function build(reply: (text: string, cursor: number) => Answer) {
  const asked: [string, number][] = [];
  const completion = new Completion(async (text, cursor) => {
    asked.push([text, cursor]);
    return reply(text, cursor);
  });
  const type = async (text: string, isWished = false) => {
    completion.follow(text, text.length, isWished);
    await vi.runAllTimersAsync();
  };
  return { completion, asked, type };
}

const texts = (completion: Completion) => completion.suggestions.map(({ text }) => text);

test("fast typing asks once, for the last text", async () => {
  const { completion, asked } = build(() => answer(0, "user:"));
  for (const text of ["u", "us", "use"]) completion.follow(text, text.length);
  await vi.runAllTimersAsync();
  expect(asked).toEqual([["use", 3]]);
  expect(texts(completion)).toEqual(["user:"]);
});

test("places are counted in characters there and in halves here", async () => {
  const { completion, asked, type } = build(() => answer(2, "user:"));
  await type("🦞 us");
  expect(asked).toEqual([["🦞 us", 4]]);
  expect(completion.accept("🦞 us", 0)).toEqual({ text: "🦞 user:", cursor: 8 });
});

test("what no longer fits is gone before the server answers", async () => {
  const { completion, type } = build(() => answer(0, "user:", "usage:"));
  await type("us");
  completion.follow("use", 3);
  expect(texts(completion)).toEqual(["user:"]);
});

test("behind a blank nothing is offered unless wished, behind a colon and a pipe it is", async () => {
  const { completion, type } = build((text) => answer(text.length, "x"));
  await type("a ");
  expect(texts(completion)).toEqual([]);
  await type("a ", true);
  expect(texts(completion)).toEqual(["x"]);
  for (const text of ["user:", "a | ", "a | count ", "user:("]) {
    await type(text);
    expect(texts(completion)).toEqual(["x"]);
  }
});

test("the keys go through all suggestions and the typed text", async () => {
  const { completion, type } = build(() => answer(0, "aa", "ab"));
  await type("a");
  const seen = [1, 1, 1, 1, -1].map((by) => (completion.move(by), completion.chosen));
  expect(seen).toEqual([0, 1, -1, 0, -1]);
});

test("a failure offers nothing", async () => {
  const { completion, type } = build(() => {
    throw new Error("503");
  });
  await type("us");
  expect(texts(completion)).toEqual([]);
});

test("an answer that comes late leaves the choice where it was made", async () => {
  const { completion, type } = build((text) =>
    text === "us" ? answer(0, "usage:", "user:") : answer(0, "user:"),
  );
  await type("us");
  completion.follow("use", 3);
  completion.move(1);
  await vi.runAllTimersAsync();
  expect(completion.suggestions[completion.chosen]?.text).toBe("user:");
});
