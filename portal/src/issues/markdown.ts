/**
 * An issue as Markdown, for a ticket or an assistant: what is on its page.
 *
 * In: the issue, the event that is shown, a link. Out: text.
 * Promise: what a program sent stays text: it opens no link, heading or picture, and ends no block.
 */
import type { WholeEvent } from "../api/shapes";
import { crumbsOf, requestOf } from "../explore/details";
import { curlOf, mask, maskText } from "../explore/curl";
import { renderCount } from "../ui/amounts";
import type { WholeIssue } from "./shapes";
import { endOf, stateOf } from "./standing";

const MAX_TRACE_CHARACTERS = 8_000;
const MAX_MESSAGE_CHARACTERS = 2_000;
/** The last ones before the error. */
const MAX_CRUMBS = 20;

export function renderMarkdown(issue: WholeIssue, event: WholeEvent | null, link: string): string {
  const end = endOf(issue.until, "utc");
  const facts: [string, string | null][] = [
    ["State", end ? `${stateOf(issue)} ${end}` : stateOf(issue)],
    ["Application", issue.application],
    ["Where", issue.culprit],
    ["Errors", `${renderCount(issue.count)}, of ${renderCount(issue.users)} users`],
    [
      "First seen",
      issue.first_release ? `${issue.first_seen}, release ${issue.first_release}` : issue.first_seen,
    ],
    ["Last seen", issue.last_seen],
    ["Assigned to", issue.assigned_to],
    ["Grouped by", maskText(issue.grouped_by.join(", ")) || null],
  ];
  const lines = facts.flatMap(([name, value]) => (value ? [`- ${name}: ${asText(value)}`] : []));
  return [
    `# ${asText(maskText(issue.title))}`,
    lines.join("\n"),
    ...(event ? partsOf(event) : []),
    `Link: <${link}>`,
  ]
    .join("\n\n")
    .concat("\n");
}

function partsOf(event: WholeEvent): string[] {
  const details = event.details ?? {};
  const trace = event.stack_trace ?? (event.exception?.includes("\n") ? event.exception : null);
  const named = (["environment", "release", "host", "user"] as const).flatMap((field) =>
    event[field] ? [`${field} ${event[field]}`] : [],
  );
  const crumbs = crumbsOf(details).slice(-MAX_CRUMBS);
  const request = requestOf(details);
  const curl = request ? curlOf(request) : null;
  return [
    `## The event of ${event.timestamp}`,
    ...(named.length ? [asText(named.join(", "))] : []),
    fenced(maskText(event.message.slice(0, MAX_MESSAGE_CHARACTERS))),
    ...(trace ? ["### Stack trace", fenced(maskText(trace.slice(0, MAX_TRACE_CHARACTERS)))] : []),
    ...(crumbs.length
      ? [
          "### Before it",
          fenced(
            crumbs
              .map(({ at, category, level, message, data }) =>
                [at, category, level, maskText(message), data ? JSON.stringify(mask(data)) : ""]
                  .filter(Boolean)
                  .join(" "),
              )
              .join("\n"),
          ),
        ]
      : []),
    ...(curl ? ["### Request", fenced(curl)] : []),
  ];
}

/** One line whose signs mean nothing in Markdown. */
export function asText(text: string): string {
  return text
    .replace(/\s+/g, " ")
    .trim()
    .replace(/[\\`*_{}[\]<>#|!~&]/g, "\\$&");
}

/** A block of code: its fence is longer than any in the text. */
export function fenced(text: string): string {
  const longest = Math.max(2, ...(text.match(/`+/g) ?? []).map(({ length }) => length));
  const fence = "`".repeat(longest + 1);
  return `${fence}\n${text.trimEnd()}\n${fence}`;
}
