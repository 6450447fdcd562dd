import { describe, expect, test } from "vitest";
import { choicesOf, turnValue, wishFor, withValue, withoutChoices } from "./choices";

describe("reading", () => {
  test.each([
    ["user:bob", ["bob"], []],
    ["a -user:bob | count", [], ["bob"]],
    ["user:bots", ["bots"], []],
    ["user:(bob, mia)", ["bob", "mia"], []],
    ['user:(bob OR "mia k", "OR")', ["bob", "mia k", "OR"], []],
    ["user:(al*, bob, /x y/)", ["bob"], []],
    ["user!=bob x", [], ["bob"]],
    ["user != bob x", [], ["bob"]],
    ["user!=(a, b)", [], ["a", "b"]],
    ["user=bob", ["bob"], []],
    ["user == bob", ["bob"], []],
    ["NOT user:bob", [], ["bob"]],
    ["NOT -user:bob x", ["bob"], []],
    ["-user:a -user:b", [], ["a", "b"]],
    ["USER:bob", ["bob"], []],
    ['user:"C:\\\\a \\"b\\" \\c"', ['C:\\a "b" \\c'], []],
    ["(user:bob) a", ["bob"], []],
    ["user:a OR user:b", ["a", "b"], []],
    ["(user:a OR user:(b, c)) x", ["a", "b", "c"], []],
    ["-(user:a OR user:b) x", [], ["a", "b"]],
    // Not what must hold by itself, nor a value.
    ["user:a OR b", [], []],
    ["(user:a OR host:b) x", [], []],
    ["(user:a x) y", [], []],
    ["user:a OR -user:b", [], []],
    ["user:al* user:/x/ user:1..5 user>3 has:user", [], []],
    ['"user:bob" xuser:bob user::bob', [], []],
    ["| count by user", [], []],
    ["user:", [], []],
    ["user:(a", [], []],
  ])("%s", (text, chosen, excluded) => {
    expect(choicesOf(text, "user")).toEqual({ chosen, excluded });
  });

  test("a severity is known by every spelling", () => {
    expect(choicesOf("severity:(4, Warning)", "severity").chosen).toEqual(["error", "warn"]);
  });

  test("a property is not the field of its name", () => {
    expect(choicesOf("properties.user:a user:b", "properties.user").chosen).toEqual(["a"]);
    expect(choicesOf('"order id":7', '"order id"').chosen).toEqual(["7"]);
  });
});

describe("a click", () => {
  const turn = (text: string, value: string, isOut = false) => turnValue(text, "user", value, isOut);

  test("chooses, beside what is chosen, and takes back", () => {
    expect(turn("a | count", "bob")).toBe("a user:bob | count");
    expect(turn("user:bob a", "mia k")).toBe('user:(bob, "mia k") a');
    expect(turn('user:(bob, "mia k") a', "bob")).toBe('user:"mia k" a');
    expect(turn("a user:bob b", "bob")).toBe("a b");
    expect(turn("a OR b", "bob")).toBe("(a OR b) user:bob");
  });

  test("excludes, beside what is excluded, and takes back", () => {
    expect(turn("a", "bob", true)).toBe("a -user:bob");
    expect(turn("a -user:bob", "mia", true)).toBe("a -user:(bob, mia)");
    expect(turn("a -user:(bob, mia)", "mia", true)).toBe("a -user:bob");
    expect(turn("a -user:(bob, mia)", "mia")).toBe("a -user:bob");
  });

  test("turns what is chosen into what is excluded", () => {
    expect(turn("user:bob a", "bob", true)).toBe("-user:bob a");
    expect(turn("user:(bob, mia) a", "bob", true)).toBe("user:mia a -user:bob");
  });

  test("gathers what was typed in other ways", () => {
    expect(turn("-user:a x user!=b", "c", true)).toBe("-user:(a, b, c) x");
    expect(turn("x NOT user:a AND y", "a")).toBe("x y");
    expect(turn("a AND user:b", "b")).toBe("a");
    expect(turn("user:b AND a", "b")).toBe("a");
    expect(turn("a AND user:b AND c", "b")).toBe("a AND c");
    expect(turn("user:a OR user:b", "c")).toBe("user:(a, b, c)");
    expect(turn("(user:a OR user:b) x", "b")).toBe("user:a x");
    expect(turn("user:(al*, bob)", "mia")).toBe("user:(al*, bob, mia)");
    expect(turn("user != a", "a")).toBe("");
  });

  test("taken back twice, the text is as it was", () => {
    for (const text of ["", "a b", "(a OR b) c", "user:x a", "-user:x a", "a | count by user"])
      for (const isOut of [false, true]) expect(turn(turn(text, "bob", isOut), "bob", isOut)).toBe(text);
  });

  test("all of a field's choices are taken back at once", () => {
    expect(withoutChoices("a user:(b, c) -user:d host:e", "user")).toBe("a host:e");
  });
});

describe("filter for a value", () => {
  test("quotes what is more than a word", () => {
    expect(withValue("", "user", "mia k", false)).toBe('user:"mia k"');
    expect(withValue("", "path", 'C:\\a "b"', false)).toBe('path:"C:\\\\a \\"b\\""');
    for (const value of ["OR", "-x", "", "1..5", "a,b", "a*"])
      expect(wishFor(withValue("", "user", value, false), "user", value)).toBe("in");
    expect(withValue("", "user", "OR", false)).toBe('user:"OR"');
    expect(withValue("", "pages", "1..5", false)).toBe('pages:"1..5"');
  });

  test("quotes a name that is more than a name", () => {
    expect(withValue("", "order id.x", "1", false)).toBe('"order id.x":1');
    expect(withValue("", "http.status", "500", false)).toBe("http.status:500");
  });

  test("leaves it alone, of several that were chosen", () => {
    expect(withValue("user:(bob, mia) a", "user", "bob", false)).toBe("user:bob a");
    expect(withValue("user:mia a", "user", "bob", false)).toBe("user:bob a");
  });

  test("out is written with a dash, and turns the opposite around", () => {
    expect(withValue("a", "user", "bot", true)).toBe("a -user:bot");
    expect(withValue("user:bot a", "user", "bot", true)).toBe("-user:bot a");
    expect(withValue("-user:bot", "user", "bot", false)).toBe("user:bot");
    expect(withValue("| count", "host", "x", true)).toBe("-host:x | count");
  });

  test("said again changes nothing", () => {
    expect(withValue("user:bot", "user", "bot", false)).toBe("user:bot");
    expect(withValue("a  -user:bot", "user", "bot", true)).toBe("a  -user:bot");
  });
});

test("a long value is asked for by the beginning that the server counts", () => {
  const value = "🙂".repeat(1_000);
  const text = withValue("", "blob", value + "x", false);
  expect(text).toBe(`blob:"${value}"*`);
  expect(wishFor(text, "blob", value)).toBe("in");
  expect(turnValue(text, "blob", value, false)).toBe("");
  expect(turnValue(text, "blob", "b", false)).toBe(`blob:("${value}"*, b)`);
  expect(withValue("", "blob", "x".repeat(999), false)).toBe(`blob:${"x".repeat(999)}`);
});
