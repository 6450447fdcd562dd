/**
 * One function per endpoint of the dashboards.
 *
 * In: plain arguments. Out: checked values (`shapes.ts`); the errors of `api/client.ts`.
 */
import { ask } from "../api/client";
import {
  type Bound,
  type Dashboard,
  type Order,
  type Summary,
  documentOf,
  readDashboard,
  readQuestions,
  readSummaries,
} from "./shapes";

const BASE = "/api/v1/dashboards";

export async function getDashboards(): Promise<readonly Summary[]> {
  return readSummaries(await ask("GET", BASE));
}

export async function getDashboard(id: number, signal?: AbortSignal): Promise<Dashboard> {
  return readDashboard(await ask("GET", `${BASE}/${id}`, signal));
}

export async function postDashboard(order: Order): Promise<Dashboard> {
  return readDashboard(await ask("POST", BASE, undefined, order));
}

/** Refused (409) when somebody else has changed it since it was read. */
export async function putDashboard(board: Dashboard): Promise<Dashboard> {
  const { id, version, is_shared } = board;
  const order = { ...documentOf(board), is_shared, version };
  return readDashboard(await ask("PUT", `${BASE}/${id}`, undefined, order));
}

export async function deleteDashboard(id: number): Promise<void> {
  await ask("DELETE", `${BASE}/${id}`);
}

export async function duplicateDashboard(id: number): Promise<Dashboard> {
  return readDashboard(await ask("POST", `${BASE}/${id}/duplicate`));
}

/** The questions with values in the place of `$names`, in their order, or what is wrong with the names. */
export async function bindQuestions(
  questions: readonly string[],
  values: Readonly<Record<string, readonly string[]>>,
  signal?: AbortSignal,
): Promise<readonly Bound[]> {
  return readQuestions(await ask("POST", `${BASE}/questions`, signal, { questions, values }));
}
