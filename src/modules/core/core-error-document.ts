/** ErrorDocument (set_error_document of server/core.c). */
import type { ApplyResult } from '../../config/directive.ts';
import { atoi } from '../../config/values.ts';
import type { ErrorDocument } from '../../core/core-config.ts';
import { documentKind } from '../../core/errors.ts';
import { compileString } from '../../expr/index.ts';
import { type Cmd, fileAndLine } from './core-row.ts';

/** Statuses httpd has a page for (status_lines of modules/http/http_protocol.c). */
const KNOWN_STATUS: ReadonlySet<number> = new Set([
  100, 101, 102, 200, 201, 202, 203, 204, 205, 206, 207, 208, 226, 300, 301, 302, 303, 304, 305, 307, 308,
  400, 401, 402, 403, 404, 405, 406, 407, 408, 409, 410, 411, 412, 413, 414, 415, 416, 417, 418, 421, 422,
  423, 424, 425, 426, 428, 429, 431, 451, 500, 501, 502, 503, 504, 505, 506, 507, 508, 510, 511,
]);

/** ErrorDocument: text, URL path, URL; `default` takes it back (set_error_document). */
export function errorDocument(cmd: Cmd, code: string, value: string): ApplyResult {
  const status = atoi(code);
  if (!KNOWN_STATUS.has(status)) return `Unsupported HTTP response code ${code}`;
  const kind = documentKind(value);
  if (kind === 'remote' && status === 401) {
    cmd.warn(
      `AH00113: ${fileAndLine(cmd)} cannot use a full URL in a 401 ErrorDocument directive --- ignoring!`,
    );
    return undefined;
  }
  let document: ErrorDocument | 'default' = { kind, value };
  if (kind === 'text' && value.toLowerCase() === 'default') document = 'default';
  else if (value.includes('%{')) {
    const compiled = compileString(value, { restricted: cmd.isHtaccess });
    if (!compiled.ok) return `Cannot parse expression '${value}' in ErrorDocument: ${compiled.error.message}`;
    document = { kind, value, expression: compiled.expr };
  }
  const documents = new Map(cmd.dir.errorDocuments ?? []);
  documents.set(status, document);
  cmd.dir.errorDocuments = documents;
  return undefined;
}
