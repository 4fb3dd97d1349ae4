/** Rows of directives that name a file or a directory. */
import type { ApplyResult } from '../../../config/directive.ts';
import { checkedDirectory, checkedFile } from './material.ts';
import type { Cmd, Row } from './proxy-rows.ts';

type Check = (cmd: Cmd, path: string) => { readonly path: string } | { readonly error: string };

function materialRow(check: Check) {
  return (
    name: string,
    where: number,
    usage: string,
    set: (cmd: Cmd, path: string) => ApplyResult,
    refusal?: (cmd: Cmd, path: string) => ApplyResult,
  ): Row => ({
    name,
    shape: 'TAKE1',
    where,
    usage,
    apply: (cmd, path) => {
      const refused = refusal?.(cmd, path);
      if (refused !== undefined) return refused;
      const checked = check(cmd, path);
      return 'error' in checked ? checked.error : set(cmd, checked.path);
    },
  });
}

/** `set` gets the absolute path of a file that is there; `refusal` is asked before that is looked at. */
export const fileRow = materialRow(checkedFile);
/** The same of a directory. */
export const pathRow = materialRow(checkedDirectory);
