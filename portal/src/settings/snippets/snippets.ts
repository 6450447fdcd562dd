/**
 * Programs and shippers that send to Logster: by the native API, `logster send`, or as they send to
 * the servers that they were made for.
 *
 * Out: snippets, in the order people look for them.
 * Promise: those that the tests can run (tests/served/test_portal_setup.py), they do.
 */
import { LANGUAGES } from "./languages";
import { SENDERS } from "./senders";
import { SHELL } from "./shell";
import { SHIPPERS } from "./shippers";
import type { Snippet } from "./snippet";

export const SNIPPETS: readonly Snippet[] = [...SHELL, ...LANGUAGES, ...SHIPPERS, ...SENDERS];
