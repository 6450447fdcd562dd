/**
 * What was done with an issue, in words.
 *
 * In: an entry of its history. Out: text. Promise: what is not known yet is said as the server says it.
 */
import { renderCount, renderNumber } from "../ui/amounts";
import { type Zone, renderDate } from "../ui/time";
import type { Entry } from "./shapes";

const WORDS: Readonly<Record<string, string>> = {
  created: "seen for the first time",
  regressed: "came back",
  unmuted: "speaks again",
  open: "opened it again",
  commented: "commented",
};

export function saidOf({ what, detail }: Entry, zone: Zone): string {
  if (what === "assigned")
    return typeof detail.to === "string" ? `assigned it to ${detail.to}` : "assigned it to nobody";
  if (what === "merged" || what === "split") return movedOf(what, detail);
  const end = endOf(detail, zone);
  const said = WORDS[what] ?? what;
  return end ? `${said} ${end}` : said;
}

function movedOf(what: string, detail: Entry["detail"]): string {
  const count = Array.isArray(detail.others) ? detail.others.length : 0;
  if (what === "merged")
    return detail.into
      ? `merged it into ${String(detail.into)}`
      : `merged ${renderNumber(count, "issue")} into it`;
  return detail.off ? `split it off ${String(detail.off)}` : `split ${renderNumber(count, "key")} off`;
}

/** As the state's own members: an instant is in nanoseconds since 1970. */
function endOf({ release, after, at, more, per_hour }: Entry["detail"], zone: Zone): string {
  if (typeof release === "string") return `in release ${release}`;
  if (typeof after === "string") return `in the release after ${after}`;
  if (at !== undefined) {
    const ms = Number(String(at)) / 1e6;
    return Number.isFinite(ms) ? `until ${renderDate(new Date(ms).toISOString(), zone)}` : "";
  }
  if (typeof more === "number") return `until ${renderCount(more)} more errors`;
  if (typeof per_hour === "number") return `until ${renderCount(per_hour)} errors in an hour`;
  return "";
}
