/**
 * The server's answers as its own tests keep them (`tests/contract`), read by the portal's readers.
 *
 * A reader that asks for a member the server does not send fails here, also where it would take
 * a default instead; so does a file that nobody reads.
 */
import { readFileSync, readdirSync } from "node:fs";
import { expect, test } from "vitest";
import * as dashboards from "../dashboards/shapes";
import * as issues from "../issues/shapes";
import * as keys from "../settings/shapes/keys";
import * as receipts from "../settings/shapes/receipts";
import * as quarantine from "../settings/shapes/quarantine";
import * as retention from "../settings/shapes/retention";
import * as system from "../settings/shapes/system";
import * as users from "../settings/shapes/users";
import * as answers from "./answers";
import { parseJson } from "./json";
import * as shapes from "./shapes";
import { isMembers } from "./values";

const FOLDER = new URL("../../../tests/contract/", import.meta.url);

const READERS: Readonly<Record<string, readonly ((value: unknown) => unknown)[]>> = {
  asides: [quarantine.readQuarantine],
  bound: [dashboards.readQuestions],
  complete: [answers.readCompletion],
  context: [answers.readContext],
  dashboard: [dashboards.readDashboard],
  dashboards: [dashboards.readSummaries],
  event: [shapes.readEvent, shapes.readWholeEvent],
  events: [shapes.readPage],
  facets: [answers.readFacets],
  fields: [answers.readFields],
  histogram: [answers.readHistogram],
  history: [answers.readHistory],
  issue: [issues.readIssue, issues.readWholeIssue],
  issue_members: [issues.readMembers],
  issues: [issues.readIssues],
  issues_changed: [issues.readChanged],
  key: [keys.readKey],
  keys: [keys.readKeys],
  loss: [retention.readLoss],
  missing: [shapes.readRefusal],
  new_key: [keys.readNewKey],
  new_password: [users.readPassword],
  new_user: [users.readNewUser],
  newest: [keys.readNewest],
  patterns: [answers.readPatterns],
  receipt: [receipts.readReceipt],
  receipts: [receipts.readReceipts],
  refusal: [shapes.readRefusal],
  refused: [receipts.readRefusedList],
  refused_body: [receipts.readRefusedBody],
  releases: [answers.readReleases],
  retried: [receipts.readRetried],
  retention: [retention.readRetention],
  search: [answers.readSearch],
  searches: [answers.readSearches],
  session: [shapes.readSession],
  stats: [answers.readStats],
  system: [system.readSystem],
  user: [users.readUser],
  users: [users.readUsers],
};

/** Only the place of a mistake may be absent: most refusals have none. */
const ABSENT: Readonly<Record<string, readonly string[]>> = { missing: ["position", "length"] };

test("each file has its reader", () => {
  const files = readdirSync(FOLDER).filter((name) => name.endsWith(".json"));
  expect(files.map((name) => name.slice(0, -5)).toSorted()).toEqual(Object.keys(READERS).toSorted());
});

const CASES = Object.entries(READERS).flatMap(([name, readers]) =>
  readers.map((read) => [name, read] as const),
);

test.each(CASES)("%s: the reader asks for nothing that the server does not say", (name, read) => {
  const asked = new Set<string>();
  const value = parseJson(readFileSync(new URL(`${name}.json`, FOLDER), "utf-8"));
  expect(read(watched(value, asked))).not.toBeNull();
  expect([...asked]).toEqual(ABSENT[name] ?? []);
});

/** The same value; members that are asked for and are not there are written down. */
function watched(value: unknown, asked: Set<string>): unknown {
  if (Array.isArray(value)) return value.map((item) => watched(item, asked));
  if (!isMembers(value)) return value;
  const inner = Object.fromEntries(
    Object.entries(value).map(([name, member]) => [name, watched(member, asked)]),
  );
  return new Proxy(inner, {
    get(target, name) {
      if (typeof name === "string" && !Object.hasOwn(target, name)) asked.add(name);
      return Reflect.get(target, name) as unknown;
    },
  });
}
