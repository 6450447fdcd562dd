/**
 * One function per endpoint of the set-up pages.
 *
 * In: plain arguments. Out: checked values (`shapes/`); the errors of `api/client.ts`.
 */
import { type Patterns, readPatterns } from "../api/answers";
import { type Method, ask as askServer } from "../api/client";
import { linkTo } from "../root";
import {
  type Key,
  type NewKey,
  type Newest,
  type Right,
  readKey,
  readKeys,
  readNewKey,
  readNewest,
  type KeySettings,
} from "./shapes/keys";
import { type Preview, type Quarantined, readPreview, readQuarantine } from "./shapes/quarantine";
import { type Loss, type Retention, readLoss, readRetention } from "./shapes/retention";
import { type System, readSystem } from "./shapes/system";
import {
  type NewUser,
  type Role,
  type User,
  readNewUser,
  readPassword,
  readUser,
  readUsers,
} from "./shapes/users";

const BASE = "/api/v1";

export async function getKeys(): Promise<Key[]> {
  return readKeys(await ask("GET", "/keys"));
}

export async function postKey(name: string, rights: readonly Right[]): Promise<NewKey> {
  return readNewKey(await ask("POST", "/keys", { name, rights }));
}

export async function renameKey(id: number, name: string): Promise<Key> {
  return readKey(await ask("PATCH", `/keys/${id}`, { name }));
}

export async function setKey(id: number, settings: KeySettings): Promise<Key> {
  return readKey(await ask("PATCH", `/keys/${id}`, { settings }));
}

export async function revokeKey(id: number): Promise<void> {
  await ask("DELETE", `/keys/${id}`);
}

/** Stored since an instant, or how long ago. */
export async function getNewest(id: number, since: string): Promise<Newest> {
  return readNewest(await ask("GET", `/keys/${id}/newest?since=${encodeURIComponent(since)}`));
}

export async function getUsers(): Promise<User[]> {
  return readUsers(await ask("GET", "/users"));
}

/** Without a password the server makes one up and says it in the answer. */
export async function postUser(email: string, role: Role, password: string): Promise<NewUser> {
  return readNewUser(await ask("POST", "/users", { email, role, password: password || null }));
}

export async function changeRole(id: number, role: Role): Promise<User> {
  return readUser(await ask("PATCH", `/users/${id}`, { role }));
}

export async function resetPassword(id: number): Promise<string | null> {
  return readPassword(await ask("POST", `/users/${id}/password`, {}));
}

export async function disableUser(id: number): Promise<User> {
  return readUser(await ask("POST", `/users/${id}/disable`));
}

export async function enableUser(id: number): Promise<User> {
  return readUser(await ask("POST", `/users/${id}/enable`));
}

export async function removeUser(id: number): Promise<void> {
  await ask("DELETE", `/users/${id}`);
}

export async function changeOwnPassword(current: string, password: string): Promise<void> {
  await ask("POST", "/password", { current, password });
}

export async function getSystem(): Promise<System> {
  return readSystem(await ask("GET", "/system"));
}

export async function getRetention(): Promise<Retention> {
  return readRetention(await ask("GET", "/retention"));
}

/** What would be deleted if events were kept for so many days. */
export async function getLoss(days: number): Promise<Loss> {
  return readLoss(await ask("GET", `/retention/loss?days=${days}`));
}

/** Null: as the server's own setting says. */
export async function putRetention(days: number | null): Promise<Retention> {
  return readRetention(await ask("PUT", "/retention", { days }));
}

export async function getPatterns(): Promise<Patterns> {
  return readPatterns(await ask("GET", "/patterns?limit=10"));
}

export async function getQuarantine(): Promise<Quarantined[]> {
  return readQuarantine(await ask("GET", "/aside"));
}

export async function getPreview(block: Quarantined): Promise<Preview> {
  return readPreview(await ask("GET", pathOf(block)));
}

export async function replayQuarantined(block: Quarantined): Promise<void> {
  await ask("POST", `${pathOf(block)}/replay`);
}

export async function deleteQuarantined(block: Quarantined): Promise<void> {
  await ask("DELETE", pathOf(block));
}

/** Where the browser finds all events of a block as a file. */
export function fileOf(block: Quarantined): string {
  return linkTo(`${BASE}${pathOf(block)}/events`);
}

function pathOf(block: Quarantined): string {
  return `/aside/${encodeURIComponent(block.spool)}/${block.number}`;
}

function ask(method: Method, path: string, body?: object): Promise<unknown> {
  return askServer(method, BASE + path, undefined, body);
}
