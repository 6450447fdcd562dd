/**
 * What the server says of issues, checked: JSON values to typed ones.
 *
 * In: parsed JSON. Out: `Issue`, `Issues`, `WholeIssue`, `Member`s, what was changed.
 * Promise: as of `api/shapes.ts`.
 */
import { isMembers, list, members, number, numberOrNull, text, textOrNull } from "../api/values";

export const STATES = ["open", "resolved", "muted", "ignored", "discarded"] as const;
export type State = (typeof STATES)[number];

/** What ends a state by itself; all null: nothing does. */
export interface Until {
  readonly release: string | null;
  readonly after_release: string | null;
  readonly at: string | null;
  readonly more: number | null;
  readonly per_hour: number | null;
}

export interface Issue {
  readonly id: string;
  readonly title: string;
  readonly type: string | null;
  readonly culprit: string | null;
  readonly application: string | null;
  readonly severity: number;
  readonly state: State;
  readonly state_since: string;
  readonly until: Until;
  readonly is_regressed: boolean;
  readonly assigned_to: string | null;
  readonly count: number;
  readonly users: number;
  readonly first_seen: string;
  readonly last_seen: string;
  readonly first_release: string | null;
  readonly trend: readonly number[];
}

/** A page of what a search finds; `total` is how many that are. */
export interface Issues {
  readonly issues: readonly Issue[];
  readonly total: number;
  readonly offset: number;
  readonly since: string;
  readonly until: string;
}

/** Something that was done with an issue; `who` is null for Logster itself. */
export interface Entry {
  readonly at: string;
  readonly who: string | null;
  readonly what: string;
  readonly detail: Readonly<Record<string, unknown>>;
}

export interface WholeIssue extends Issue {
  readonly family: string;
  readonly grouped_by: readonly string[];
  readonly keys: readonly string[];
  readonly first_event: string;
  readonly history: readonly Entry[];
}

export interface Changed {
  readonly changed: number;
  readonly issues: readonly string[];
}

/** Somebody an issue can belong to. */
export interface Member {
  readonly email: string;
  readonly is_me: boolean;
}

/** How issues are to be; what is left out stays as it is. */
export interface Order {
  readonly state?: State;
  readonly in_release?: string;
  readonly until?: string;
  readonly more?: number;
  readonly per_hour?: number;
  readonly assigned_to?: string;
  readonly comment?: string;
}

export function readIssue(value: unknown): Issue {
  const issue = members(value, "issue");
  const until = members(issue.until, "until");
  return {
    id: text(issue.id, "id"),
    title: text(issue.title, "title"),
    type: textOrNull(issue.type),
    culprit: textOrNull(issue.culprit),
    application: textOrNull(issue.application),
    severity: number(issue.severity, "severity"),
    state: STATES.find((state) => state === issue.state) ?? "open",
    state_since: text(issue.state_since, "state_since"),
    until: {
      release: textOrNull(until.release),
      after_release: textOrNull(until.after_release),
      at: textOrNull(until.at),
      more: numberOrNull(until.more),
      per_hour: numberOrNull(until.per_hour),
    },
    is_regressed: issue.is_regressed === true,
    assigned_to: textOrNull(issue.assigned_to),
    count: number(issue.count, "count"),
    users: number(issue.users, "users"),
    first_seen: text(issue.first_seen, "first_seen"),
    last_seen: text(issue.last_seen, "last_seen"),
    first_release: textOrNull(issue.first_release),
    trend: list(issue.trend, "trend").map((each) => number(each, "trend")),
  };
}

export function readIssues(value: unknown): Issues {
  const page = members(value, "issues");
  return {
    issues: list(page.issues, "issues").map(readIssue),
    total: number(page.total, "total"),
    offset: number(page.offset, "offset"),
    since: text(page.since, "since"),
    until: text(page.until, "until"),
  };
}

export function readWholeIssue(value: unknown): WholeIssue {
  const issue = members(value, "issue");
  return {
    ...readIssue(value),
    family: text(issue.family, "family"),
    grouped_by: list(issue.grouped_by, "grouped_by").map((each) => text(each, "grouped_by")),
    keys: list(issue.keys, "keys").map((each) => text(each, "key")),
    first_event: text(issue.first_event, "first_event"),
    history: list(issue.history, "history").map(readEntry),
  };
}

function readEntry(value: unknown): Entry {
  const entry = members(value, "entry");
  return {
    at: text(entry.at, "at"),
    who: textOrNull(entry.who),
    what: text(entry.what, "what"),
    detail: isMembers(entry.detail) ? entry.detail : {},
  };
}

export function readChanged(value: unknown): Changed {
  const changed = members(value, "change");
  return {
    changed: number(changed.changed, "changed"),
    issues: list(changed.issues, "issues").map((each) => text(each, "issue")),
  };
}

export function readMembers(value: unknown): readonly Member[] {
  return list(members(value, "members").members, "members").map((each) => {
    const member = members(each, "member");
    return { email: text(member.email, "email"), is_me: member.is_me === true };
  });
}
