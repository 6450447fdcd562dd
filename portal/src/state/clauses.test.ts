import { describe, expect, test } from "vitest";
import {
  fieldOfProperty,
  isField,
  severityOf,
  splitClauses,
  splitQuestion,
  withGroup,
  withSeverity,
  withText,
  wordsOf,
} from "./clauses";

const texts = (text: string) => splitClauses(text).map((clause) => clause.text);

describe("splitting", () => {
  test.each([
    ["", []],
    ["  timeout   pay ", ["timeout", "pay"]],
    ['a "two words" b', ["a", '"two words"', "b"]],
    ['user:"mia \\" k" x', ['user:"mia \\" k"', "x"]],
    ["(a OR b) c", ["(a OR b)", "c"]],
    ["(a (b c) d) e", ["(a (b c) d)", "e"]],
    ['"never closed here', ['"never closed here']],
    ['ends in escape "\\', ["ends", "in", "escape", '"\\']],
    ["(open for ever", ["(open for ever"]],
    ["a) b", ["a)", "b"]],
    ["/a (b | c/ d", ["/a (b | c/", "d"]],
    ["user:/x y/i z", ["user:/x y/i", "z"]],
    ["/var/log/ a", ["/var/log/", "a"]],
    ["a | count by b", ["a"]],
  ])("%j gives %j", (text, expected) => {
    expect(texts(text)).toEqual(expected);
  });

  test("every clause stands where its position says", () => {
    const text = '  a "b c"  (d OR e) -f:"g h"';
    for (const clause of splitClauses(text)) expect(text.startsWith(clause.text, clause.position)).toBe(true);
  });
});

describe("severity", () => {
  test("is read by name, other spelling or number, in any case", () => {
    expect(severityOf("a severity>=error")).toBe(4);
    expect(severityOf("SEVERITY>=Warning b")).toBe(3);
    expect(severityOf("severity>=5")).toBe(5);
  });

  test("inside quotes, parentheses or with another operator is not the chip's", () => {
    expect(severityOf('"severity>=error"')).toBeNull();
    expect(severityOf("(severity>=error OR x)")).toBeNull();
    expect(severityOf("severity:error")).toBeNull();
  });

  test("is added, replaced in its place, and removed with its blank", () => {
    expect(withSeverity("timeout", 4)).toBe("timeout severity>=error");
    expect(withSeverity("a severity>=warn b", 4)).toBe("a severity>=error b");
    expect(withSeverity("a severity>=warn b", null)).toBe("a b");
    expect(withSeverity("severity>=warn", null)).toBe("");
  });

  test("said twice becomes one", () => {
    expect(withSeverity("severity>=warn a severity>=error", 5)).toBe("severity>=fatal a");
  });

  test("added to alternatives holds for all of them", () => {
    expect(withSeverity("a OR b", 4)).toBe("(a OR b) severity>=error");
  });

  test("what is set is what is read", () => {
    for (let severity = 0; severity <= 6; severity += 1)
      expect(severityOf(withSeverity("some text", severity))).toBe(severity);
  });
});

test("a property with a field's name is marked", () => {
  expect(fieldOfProperty(["http", "status"])).toBe("http.status");
  expect(fieldOfProperty(["User"])).toBe("properties.User");
  expect(fieldOfProperty(["TraceId"])).toBe("properties.TraceId");
  expect(fieldOfProperty(["properties", "a"])).toBe("properties.properties.a");
});

test("names mean the same field however they are typed, and a property none of them", () => {
  expect(isField("StackTrace", "stack_trace")).toBe(true);
  expect(isField('"order id"', '"order id"')).toBe(true);
  expect(isField("properties.Region", "Region")).toBe(true);
  expect(isField("region", "Region")).toBe(false);
  expect(isField("properties.user", "user")).toBe(false);
});

describe("a pipe", () => {
  test.each([
    ["a | count", "a", "| count"],
    ["| count by user", "", "| count by user"],
    ['"x y"|count', '"x y"', "|count"],
    ["(a OR b)| count", "(a OR b)", "| count"],
    ["/a|b/| count", "/a|b/", "| count"],
    ["a|b c", "a|b c", null],
    ['"a | b" c', '"a | b" c', null],
    ["(a | b) c", "(a | b) c", null],
  ])("%j is searched and counted", (text, filter, pipe) => {
    expect(splitQuestion(text)).toEqual({ filter, pipe });
  });

  test("stays at the end, whatever is narrowed", () => {
    const text = "a | count by user";
    expect(withSeverity(text, 4)).toBe("a severity>=error | count by user");
    expect(withText(text, "b")).toBe("a b | count by user");
    expect(withSeverity("severity>=error | count", null)).toBe("| count");
  });

  test("is put behind, or exchanged, to group by a field", () => {
    expect(withGroup("a OR b", "user")).toBe("a OR b | count by user");
    expect(withGroup("a | p95(x)", "order id")).toBe('a | count by "order id"');
    expect(withGroup("", "host")).toBe("| count by host");
  });

  test("has no words to mark", () => {
    expect(wordsOf("timeout | count by user")).toEqual(["timeout"]);
  });
});

test("words to mark are the plain words and phrases, not the fields and the negated", () => {
  expect(wordsOf('Timeout "Pay Now" user:x -no (web OR edge) a>5')).toEqual([
    "timeout",
    "pay now",
    "web",
    "edge",
  ]);
});
