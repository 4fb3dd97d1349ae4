import { join } from 'node:path';
import { makePhpPool } from '../support/php-fpm.ts';
import type { Placeholders } from './site.ts';

/** Starts one PHP process behind `${root}/run/php.sock` and waits until it accepts connections. */
export async function startPhpFpm(values: Placeholders): Promise<{ stop(): Promise<void> }> {
  const settings = ['pm.max_children = 1', 'security.limit_extensions =', 'php_admin_value[expose_php] = 0'];
  const pool = makePhpPool(join(values.root, 'run'), settings);
  await pool.start();
  return pool;
}
