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
  return readReceipt(await ask("GET", `/event?id=${encodeURIComponent(id)}`));
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

/**
 * Try all again, by as many requests as it takes, until `signal` is aborted.
 *
 * `onstep` hears after each what came of all so far.
 */
export async function retryAllRefused(
  choice: Choice,
  signal: AbortSignal,
  onstep: (sofar: Retried) => void,
): Promise<Retried> {
  let sum: Retried | null = null;
  for (;;) {
    const after: string = sum?.next ? `&after=${encodeURIComponent(sum.next)}` : "";
    const step = readRetried(await ask("POST", `/refused/retry?${queryOf(choice)}${after}`));
    sum = addRetried(sum, step);
    if (!sum.next || signal.aborted) return sum;
    onstep(sum);
  }
}

/** Both together; of the texts the last reason for a refusal, when there was one. */
export function addRetried(sum: Retried | null, step: Retried): Retried {
  if (!sum) return step;
  return {
    bodies: sum.bodies + step.bodies,
    stored_events: sum.stored_events + step.stored_events,
    refused_bodies: sum.refused_bodies + step.refused_bodies,
    text: step.refused_bodies || !sum.refused_bodies ? step.text : sum.text,
    next: step.next,
    left: step.left,
  };
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
