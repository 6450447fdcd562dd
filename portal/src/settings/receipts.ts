/**
 * One function per endpoint of outcomes and refused bodies.
 *
 * In: plain arguments. Out: checked values (`shapes/receipts`); the errors of `api/client.ts`.
 */
import { type Method, ask as askServer } from "../api/client";
import {
  type Receipt,
  type Receipts,
  type Refused,
  type RefusedBody,
  type Retried,
  readReceipt,
  readReceipts,
  readRefusedBody,
  readRefusedList,
  readRetried,
} from "./shapes/receipts";

/** What narrows the outcomes; "" and null are any. */
export interface Choice {
  readonly since: string;
  readonly key: number | null;
  readonly protocol: string;
  readonly outcome: string;
  readonly reason: string;
}

const BASE = "/api/v1/receipts";

export async function getReceipts(choice: Choice): Promise<Receipts> {
  return readReceipts(await ask("GET", `?${queryOf(choice)}`));
}

export async function getReceipt(id: string): Promise<Receipt> {
  return readReceipt(await ask("GET", `/${encodeURIComponent(id)}`));
}

export async function getRefused(choice: Choice): Promise<Refused[]> {
  return readRefusedList(await ask("GET", `/refused?${queryOf(choice)}`));
}

export async function getRefusedBody(id: string): Promise<RefusedBody> {
  return readRefusedBody(await ask("GET", `/refused/${id}`));
}

export async function retryRefused(id: string): Promise<Retried> {
  return readRetried(await ask("POST", `/refused/${id}/retry`));
}

export async function retryAllRefused(choice: Choice): Promise<Retried> {
  return readRetried(await ask("POST", `/refused/retry?${queryOf(choice)}`));
}

export async function deleteRefused(id: string): Promise<void> {
  await ask("DELETE", `/refused/${id}`);
}

function queryOf(choice: Choice): string {
  const query = new URLSearchParams({ since: choice.since });
  if (choice.key !== null) query.set("key", String(choice.key));
  if (choice.protocol) query.set("protocol", choice.protocol);
  if (choice.outcome) query.set("outcome", choice.outcome);
  if (choice.reason) query.set("reason", choice.reason);
  return query.toString();
}

function ask(method: Method, path: string): Promise<unknown> {
  return askServer(method, BASE + path);
}
