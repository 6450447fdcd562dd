/**
 * Programs and shippers that send to Logster as it is: the native API and `logster send`.
 *
 * Out: snippets, in the order people look for them.
 * Promise: those that the tests can run (tests/served/test_portal_setup.py), they do.
 */
import { LANGUAGES } from "./languages";
import { SHELL } from "./shell";
import { SHIPPERS } from "./shippers";
import type { Snippet } from "./snippet";

export const SNIPPETS: readonly Snippet[] = [...SHELL, ...LANGUAGES, ...SHIPPERS];
