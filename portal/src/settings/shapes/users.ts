/**
 * What the server says of people, checked.
 *
 * In: parsed JSON. Out: `User`. Promise: as of `api/shapes.ts`.
 */
import { ShapeError, list, members, number, text, textOrNull } from "../../api/values";

export const ROLES = ["viewer", "member", "admin"] as const;

export type Role = (typeof ROLES)[number];

export interface User {
  readonly id: number;
  readonly email: string;
  readonly role: Role;
  readonly created_at: string;
  readonly logged_in_at: string | null;
  readonly disabled_at: string | null;
  readonly is_me: boolean;
}

export interface NewUser {
  readonly user: User;
  readonly password: string | null;
}

export function readUsers(value: unknown): User[] {
  return list(members(value, "users").users, "users").map(readUser);
}

export function readUser(value: unknown): User {
  const user = members(value, "user");
  const role = ROLES.find((known) => known === user.role);
  if (!role) throw new ShapeError("The server's role is none we know.");
  return {
    id: number(user.id, "user"),
    email: text(user.email, "user"),
    role,
    created_at: text(user.created_at, "user"),
    logged_in_at: textOrNull(user.logged_in_at),
    disabled_at: textOrNull(user.disabled_at),
    is_me: user.is_me === true,
  };
}

export function readNewUser(value: unknown): NewUser {
  const made = members(value, "new user");
  return { user: readUser(made.user), password: textOrNull(made.password) };
}

export function readPassword(value: unknown): string | null {
  return textOrNull(members(value, "password").password);
}
