/**
 * Giving up root once the sockets are open (ap_unixd_setup_child of httpd's os/unix/unixd.c): group, supplementary groups, then user; the order
 * matters, since the user may no longer change its groups.
 */

import { coreServer } from '../core/core-config.ts';
import type { VirtualServer } from '../core/virtual-server.ts';

/** Names of User and Group as configured: a name, or `#` and a number. */
export interface Identity {
  readonly user: string | undefined;
  readonly group: string | undefined;
}

export function configuredIdentity(main: VirtualServer): Identity {
  const { user, group } = coreServer(main);
  return { user, group };
}

/** Nothing can be changed by a process that is not root, and httpd does not try. */
export function mayChangeIdentity(): boolean {
  return process.geteuid?.() === 0;
}

/** The types of Node 20 forget it. */
type WithInitgroups = NodeJS.Process & { initgroups(user: string, extraGroup: number): void };

function nameOrNumber(text: string): string | number {
  return /^#\d+$/.test(text) ? Number(text.slice(1)) : text;
}

/** Takes on the identity for good. Throws when the system refuses: then nothing may be served. */
export function dropPrivileges({ user, group }: Identity): void {
  if (!mayChangeIdentity()) return;
  if (group !== undefined) process.setgid?.(nameOrNumber(group));
  if (user === undefined) return;
  // The user's other groups, and the one it serves as. A user known by number alone has none.
  if (user.startsWith('#')) process.setgroups?.([process.getgid?.() ?? 0]);
  else (process as WithInitgroups).initgroups(user, process.getgid?.() ?? 0);
  process.setuid?.(nameOrNumber(user));
}
