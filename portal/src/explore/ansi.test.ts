import { describe, expect, test } from "vitest";
import { colouredOf, markWords, plainTextOf, segmentsOf } from "./ansi";

const ESC = "\u001b";
const one = (text: string) => segmentsOf(text, true).map(({ text: seen, style }) => [seen, style]);

describe("colours", () => {
  test("of the eight, bright or not, end with the reset", () => {
    expect(one(`a ${ESC}[31mred${ESC}[0m b ${ESC}[92mok${ESC}[m`)).toEqual([
      ["a ", ""],
      ["red", "ansi-1"],
      [" b ", ""],
      ["ok", "ansi-2"],
    ]);
  });

  test("add up and are taken back one by one", () => {
    expect(one(`${ESC}[1;4;33;41mx${ESC}[22;39my${ESC}[24;49mz`)).toEqual([
      ["x", "ansi-3 ansi-on-1 ansi-bold ansi-underlined"],
      ["y", "ansi-on-1 ansi-underlined"],
      ["z", ""],
    ]);
  });

  test.each([
    ["38;5;196", "ansi-1"],
    ["38;5;2", "ansi-2"],
    ["38;5;21", "ansi-4"],
    ["38;5;250", "ansi-7"],
    ["38;2;255;200;0", "ansi-3"],
    ["38:2:0:200:220", "ansi-6"],
    ["48;5;52", "ansi-on-1"],
    ["38;5;196;1", "ansi-1 ansi-bold"],
  ])("%s is the nearest of the eight", (code, style) => {
    expect(one(`${ESC}[${code}mx`)).toEqual([["x", style]]);
  });

  test("broken codes are shown, not swallowed", () => {
    expect(plainTextOf(`${ESC}[31`)).toBe("^[[31");
    expect(plainTextOf(`${ESC}[2J${ESC}]0;title\u0007x`)).toBe("^[[2J^[]0;title^Gx");
    expect(plainTextOf(ESC)).toBe("^[");
  });
});

describe("what cannot be seen", () => {
  test.each([
    ["a\u0000b", "a^@b"],
    ["bell\u0007", "bell^G"],
    ["del\u007f", "del^?"],
    ["c1\u009b", "c1‹009B›"],
    ["turned \u202eevil", "turned ‹202E›evil"],
    ["zero\u200bwidth\ufeff", "zero‹200B›width‹FEFF›"],
    ["half \ud83d", "half ‹D83D›"],
    ["a\nb", "a↵ b"],
    ["a\r\nb", "a↵ b"],
    ["a\rb", "a^Mb"],
    ["a\tb", "a b"],
  ])("%j is shown as %j on one line", (text, expected) => {
    expect(plainTextOf(text)).toBe(expected);
  });

  test("line breaks and tabs stay where there is room", () => {
    expect(segmentsOf("a\n\tb", false)).toEqual([{ text: "a\n\tb", style: "" }]);
  });

  test("letters of every script and joined emoji stay as they are", () => {
    const text = "Größe 東京 שלום 👨‍👩‍👧 🦞";
    expect(plainTextOf(text)).toBe(text);
  });
});

test("markup is text", () => {
  expect(one("<b onclick=x>&amp;")).toEqual([["<b onclick=x>&amp;", ""]]);
});

test("found words are marked in any case, across nothing but their own segment", () => {
  const segments = segmentsOf(`Time${ESC}[31mout TIMEOUT (x)`, true);
  expect(markWords(segments, ["timeout", "(x"])).toEqual([
    { text: "Time", style: "" },
    { text: "out ", style: "ansi-1" },
    { text: "TIMEOUT", style: "ansi-1 found" },
    { text: " ", style: "ansi-1" },
    { text: "(x", style: "ansi-1 found" },
    { text: ")", style: "ansi-1" },
  ]);
});

test("a megabyte of escapes is read in a breath", () => {
  const text = `${ESC}[31m${ESC}[`.repeat(100_000);
  const start = process.cpuUsage();
  segmentsOf(text, true);
  expect(process.cpuUsage(start).user).toBeLessThan(2_000_000);
});

describe("a text as its program coloured it", () => {
  const message = "declined: card 7";

  test("is shown with its colours, and without what moves the cursor", () => {
    const original = "\u001b[31mdeclined\u001b[0m\u001b[K: card 7";
    expect(colouredOf(message, original)).toBe("\u001b[31mdeclined\u001b[0m: card 7");
  });

  test.each([undefined, 7, "declined: card 7", "\u001b[31mapproved\u001b[0m: card 7"])(
    "is the text itself when %j is not the same text",
    (original) => {
      expect(colouredOf(message, original)).toBe(message);
    },
  );
});
