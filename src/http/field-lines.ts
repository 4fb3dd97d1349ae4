/**
 * Field lines one at a time, as ap_get_mime_headers_core (server/protocol.c): obs-fold, the limits, the strict and the
 * unsafe rules. Used for request heads that the fast path leaves alone and for the trailers of chunked bodies.
 *
 * A field is judged when the line after it arrives, since that may continue it. So of several errors the one httpd
 * reports comes out.
 */
import { FIELD_CONTENT, isBlank, scanClass, TOKEN, trimBlanks } from './bytes.ts';
import { fieldKey, type HeaderFields } from './header-fields.ts';
import {
  debugLog,
  type FailureLog,
  failure,
  LOG_NAME_LIMIT,
  loggedName,
  type RequestFailure,
  type RequestLimits,
} from './request-head.ts';

const TOO_LARGE = 'Size of a request header field exceeds server limit.';
const TOO_MANY = "The number of request header fields exceeds this server's limit.";

/** `text` without spaces and tabs at its end; one that starts the text stays. */
function trimEnd(text: string): string {
  let end = text.length;
  while (end > 1 && isBlank(text.charCodeAt(end - 1))) end--;
  return end === text.length ? text : text.slice(0, end);
}

export class FieldLines {
  readonly #limits: RequestLimits;
  readonly #strict: boolean;
  readonly #fields: HeaderFields;
  #last: string | undefined = undefined;
  #count = 0;

  constructor(limits: RequestLimits, strict: boolean, fields: HeaderFields) {
    this.#limits = limits;
    this.#strict = strict;
    this.#fields = fields;
  }

  /** Takes a line without its CRLF; the empty line ends the section (call finish). */
  add(rawLine: string): RequestFailure | undefined {
    const line = trimEnd(rawLine);
    if (isBlank(line.charCodeAt(0))) return this.#continue(line);
    const refused = this.#commit();
    this.#last = line;
    return refused;
  }

  /** Ends the section. Fields of one name are joined, as httpd does for request heads. */
  finish(): RequestFailure | undefined {
    const refused = this.#commit();
    if (refused !== undefined) return refused;
    this.#fields.mergeRepeated();
    return this.#checkMerged();
  }

  /** Joined values count against the limit again (table_do_fn_check_lengths). */
  #checkMerged(): RequestFailure | undefined {
    const fields = this.#fields;
    for (let index = 0; index < fields.size; index++) {
      if (fields.valueAt(index).length <= this.#limits.fieldSize) continue;
      const message = `Request header exceeds LimitRequestFieldSize after merging: ${loggedName(fields.nameAt(index))}`;
      return failure(400, [{ number: 'AH00560', level: 'info', message }], TOO_LARGE);
    }
    return undefined;
  }

  /** The failure for a line over LimitRequestFieldSize; `start` is what was read of it. */
  tooLong(start: string): RequestFailure {
    const logs: FailureLog[] = [
      debugLog('', `Failed to read request header line ${start}`),
      {
        number: 'AH00561',
        level: 'info',
        message: `Request header exceeds LimitRequestFieldSize: ${loggedName(start)}`,
      },
    ];
    return failure(400, logs, TOO_LARGE);
  }

  /** The failure for a line that breaks off in a bare LF or holds a NUL; `text` is the line up to there. */
  unreadable(text: string): RequestFailure {
    return failure(400, [debugLog('', `Failed to read request header line ${text}`)]);
  }

  #continue(line: string): RequestFailure | undefined {
    if (this.#last === undefined) {
      return failure(400, [debugLog('AH03442', 'Line folding encountered before first header line')]);
    }
    let start = 0;
    while (isBlank(line.charCodeAt(start))) start++;
    if (start === line.length) return failure(400, [debugLog('AH03443', 'Empty folded line encountered')]);
    const joined = `${this.#last} ${line.slice(start)}`;
    if (joined.length + 1 >= this.#limits.fieldSize) {
      const message = `Request header exceeds LimitRequestFieldSize after folding: ${loggedName(this.#last)}`;
      return failure(400, [{ number: 'AH00562', level: 'info', message }], TOO_LARGE);
    }
    this.#last = joined;
    return undefined;
  }

  #commit(): RequestFailure | undefined {
    const field = this.#last;
    if (field === undefined) return undefined;
    this.#last = undefined;
    this.#count++;
    if (this.#limits.fields > 0 && this.#count > this.#limits.fields) {
      const message = 'Number of request headers exceeds LimitRequestFields';
      return failure(400, [{ number: 'AH00563', level: 'info', message }], TOO_MANY);
    }
    return this.#strict ? this.#commitStrict(field) : this.#commitUnsafe(field);
  }

  #commitStrict(field: string): RequestFailure | undefined {
    const colon = scanClass(TOKEN, field, 0);
    if (colon === 0 || field.charCodeAt(colon) !== 0x3a) {
      const message = `Request header field name is malformed: ${field.slice(0, LOG_NAME_LIMIT)}`;
      return failure(400, [debugLog('AH02426', message)]);
    }
    const value = fieldValue(field, colon);
    if (scanClass(FIELD_CONTENT, value, 0) !== value.length) {
      const message = `Request header value is malformed: ${value.slice(0, LOG_NAME_LIMIT)}`;
      return failure(400, [debugLog('AH02427', message)]);
    }
    this.#store(field.slice(0, colon), value);
    return undefined;
  }

  #commitUnsafe(field: string): RequestFailure | undefined {
    const colon = field.indexOf(':');
    if (colon < 0) {
      const message = `Request header field is missing ':' separator: ${field.slice(0, LOG_NAME_LIMIT)}`;
      return failure(400, [debugLog('AH00564', message)]);
    }
    if (colon === 0) return failure(400, [debugLog('AH03453', 'Request header field name was empty')]);
    const name = field.slice(0, colon);
    if (/[\t-\r ]/.test(name)) {
      const message = 'Request header field name presented invalid whitespace';
      return failure(400, [debugLog('AH03452', message)]);
    }
    const value = fieldValue(field, colon);
    if (/[\n-\r]/.test(value)) {
      const message = 'Request header field value presented bad whitespace';
      return failure(400, [debugLog('AH03451', message)]);
    }
    this.#store(name, value);
    return undefined;
  }

  #store(name: string, value: string): void {
    this.#fields.appendParsed(fieldKey(name), name, value);
  }
}

function fieldValue(field: string, colon: number): string {
  return trimBlanks(field.slice(colon + 1));
}
