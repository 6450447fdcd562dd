/**
 * A recorded request as a command of curl, to be sent again.
 *
 * In: the request, as the event's details hold it. Out: text for a shell, or null where it is no
 * request over HTTP.
 * Promise: what names itself a secret (headers, parameters, members, a password in the address) is
 * masked; no value can end its quotes, or be an option.
 */
import { LongNumber } from "../api/json";
import { isMembers } from "../api/values";
import type { RequestSeen } from "./details";

export const MASK = "***";

/** Names of what must not go from hand to hand. */
const SECRET =
  /auth|cookie|secret|token|passw|pwd|passphrase|api[-_]?key|access[-_]?key|private[-_]?key|^key$|[-_.]key$|session|csrf|xsrf|credential|signature|^sig$|dsn|card|cvv|iban|jwt|otp|^pin$/i;
/** curl counts and writes these itself. */
const OWN = /^(?:content-length|connection|transfer-encoding|host|:.*)$/i;
const HEADER_NAME = /^[\w!#$%&'*+.^`|~-]{1,200}$/;
const MAX_BODY_CHARACTERS = 100_000;
const MAX_DEPTH = 20;

export function isSecret(name: string): boolean {
  return SECRET.test(name);
}

export function curlOf(request: RequestSeen): string | null {
  const address = addressOf(request);
  if (address === null) return null;
  const method = request.method.toUpperCase();
  const headers = request.headers.filter(([name]) => HEADER_NAME.test(name) && !OWN.test(name));
  const body = bodyOf(request.data);
  const parts = [
    `curl --globoff -X ${quote(/^[A-Z]{1,20}$/.test(method) ? method : "GET")} ${quote(address)}`,
    ...headers.map(
      ([name, value]) => `-H ${quote(`${name}: ${isSecret(name) ? MASK : maskText(oneLine(value))}`)}`,
    ),
    ...(body === null ? [] : [`--data-raw ${quote(body)}`]),
  ];
  return parts.join(" \\\n  ");
}

function addressOf({ url, query }: RequestSeen): string | null {
  try {
    const address = new URL(url);
    if (address.protocol !== "http:" && address.protocol !== "https:") return null;
    if (address.password) address.password = MASK;
    if (!address.search && query) address.search = query;
    if (address.search) address.search = maskPairs(address.search.slice(1));
    address.hash = "";
    return address.href;
  } catch {
    return null;
  }
}

function bodyOf(data: unknown): string | null {
  if (data === null || data === undefined || data === "") return null;
  if (typeof data !== "string") return JSON.stringify(mask(data)).slice(0, MAX_BODY_CHARACTERS);
  const text = data.slice(0, MAX_BODY_CHARACTERS);
  try {
    return JSON.stringify(mask(JSON.parse(text)));
  } catch {
    // A form; else a text of which nobody knows what it says.
    return /^[^\s{}<>]{0,200}=/.test(text) ? maskPairs(text) : maskText(text);
  }
}

/** Pairs as in an address or a form, each as it was written. */
function maskPairs(text: string): string {
  return text
    .split("&")
    .map((pair) => {
      const at = pair.indexOf("=");
      return at > 0 && isSecret(decoded(pair.slice(0, at))) ? `${pair.slice(0, at)}=${MASK}` : pair;
    })
    .join("&");
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** The same value; members whose names say that they are secret are masked. */
export function mask(value: unknown, depth = 0): unknown {
  if (depth > MAX_DEPTH) return MASK;
  if (value instanceof LongNumber) return value;
  if (Array.isArray(value)) return value.map((each) => mask(each, depth + 1));
  if (!isMembers(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) => [name, isSecret(name) ? MASK : mask(each, depth + 1)]),
  );
}

/** `password: x`, `<token>x</token>` and the like, in a body of no known form. */
export function maskText(text: string): string {
  return text.replace(
    /([\w-]{0,40}(?:token|secret|passw|pwd|key|auth)[\w-]{0,40}["']?\s{0,5}[:=>]\s{0,5}["']?)[^\s"'<&,;]{1,2000}/gi,
    `$1${MASK}`,
  );
}

/** A new line in a header would begin another one. */
function oneLine(text: string): string {
  return text.replace(/[\r\n]+/g, " ");
}

/** One word of a POSIX shell, whatever it holds; NUL would end it. */
function quote(text: string): string {
  return `'${text.replaceAll("\0", "").replaceAll("'", `'\\''`)}'`;
}
