import { existsSync } from 'node:fs';

/** Debian's module of uWSGI for Python, a package of its own. */
export const UWSGI_PLUGIN = '/usr/lib/uwsgi/plugins/python3_plugin.so';

/** The installed uWSGI, where it can run an application in Python; undefined otherwise. */
export function findUwsgi(): string | undefined {
  if (!existsSync(UWSGI_PLUGIN)) return undefined;
  return ['/usr/bin/uwsgi', '/usr/bin/uwsgi-core'].find((file) => existsSync(file));
}
