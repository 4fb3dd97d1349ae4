/** How much of an application's answer is kept in memory. */
import type { ProxyTarget } from '../shared/scheme.ts';

const DEFAULT_HEAD = 64 * 1024;

/**
 * Bytes the head of an answer may have: `responsefieldsize=` of the worker. httpd has no limit of its own and goes on as long as the application
 * does; a line may have 8 KiB in both.
 */
export function headLimit({ worker }: ProxyTarget): number {
  return worker.options.responseFieldSize || DEFAULT_HEAD;
}
