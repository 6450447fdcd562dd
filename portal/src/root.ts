/**
 * Where this Logster is on its host: at the top, or below a path such as /logs.
 *
 * In: what the server has written into the page. Out: the ways between paths of ours and addresses.
 * Promise: whatever goes to the address bar, a link or the server is made by `linkTo`.
 */
const MARK = 'meta[name="logster-root"]';

const root = typeof document === "undefined" ? "" : readRoot(document);

function readRoot(page: Document): string {
  return page.querySelector<HTMLMetaElement>(MARK)?.content ?? "";
}

/** The address of a path of ours, without the host. */
export function linkTo(path: string): string {
  return root + path;
}

/** The address of a path of ours for other programs, and other people. */
export function urlOf(path: string): string {
  return location.origin + root + path;
}

/** Which path of ours an address is. */
export function pathOf(address: string): string {
  if (address === root) return "/";
  return address.startsWith(`${root}/`) ? address.slice(root.length) : address;
}
