/** What the frameworks' sites are made of. */
import type { Asked } from '../side-by-side.ts';

/** What is laid out, and what is asked. */
export interface Framework {
  readonly name: string;
  /** Below the site's root. */
  readonly documentRoot: string;
  readonly files: Readonly<Record<string, string>>;
  /** Lines of the virtual host. */
  readonly host?: string;
  readonly requests: readonly (readonly [target: string, status: number, asked?: Asked])[];
}

export const FORM = { 'Content-Type': 'application/x-www-form-urlencoded' };
export const JSON_BODY = { 'Content-Type': 'application/json' };
export const BASIC = { Authorization: 'Basic am86dGVzdA==' };
export const BEARER = { Authorization: 'Bearer abc.def' };
export const UPLOAD: Asked = {
  method: 'POST',
  headers: { 'Content-Type': 'multipart/form-data; boundary=xx' },
  body: `--xx\r\nContent-Disposition: form-data; name="t"\r\n\r\nv\r\n--xx\r\nContent-Disposition: form-data; name="f"; filename="a b.txt"\r\nContent-Type: text/plain\r\n\r\n${'0123456789'.repeat(5000)}\r\n--xx--\r\n`,
};
