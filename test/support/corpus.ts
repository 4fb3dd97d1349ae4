/**
 * Real configurations, by kind: `htaccess`, `main`, `snippet`, `vhost`. They are other people's and not part of the project: CONF_CORPUS names the
 * folder where they are, `../shared/corpus` beside the project where it does not.
 */
import { existsSync } from 'node:fs';
import path from 'node:path';

export const CORPUS = process.env.CONF_CORPUS ?? path.resolve(import.meta.dirname, '../../../shared/corpus');
export const hasCorpus = existsSync(CORPUS);
