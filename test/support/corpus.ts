/**
 * Real configurations, by kind: `htaccess`, `main`, `snippet`, `vhost`. They are other people's and not part of the project: CONF_CORPUS names the
 * folder where they are.
 */
import { existsSync } from 'node:fs';

export const CORPUS = process.env.CONF_CORPUS ?? '';
export const hasCorpus = CORPUS !== '' && existsSync(CORPUS);
