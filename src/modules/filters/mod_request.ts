/**
 * mod_request: KeptBodySize, a body that can be read again (modules/filters/mod_request.c). It is kept from the moment its place is known, for the
 * error document that follows a failed authentication and for what mod_include includes.
 */
import { ACCESS_CONF, type AnyRow } from '../../config/directive.ts';
import { type BodyReader, NO_BODY, type RequestBody } from '../../core/body.ts';
import type { Answer } from '../../core/hooks.ts';
import { BufferedBody, replaceBody } from '../../core/kept-body.ts';
import { Level, logRequest } from '../../core/log.ts';
import { defineModule } from '../../core/module.ts';
import type { Request } from '../../core/request.ts';
import { DECLINED } from '../../core/status.ts';
import { Gathered } from './shared/gathered.ts';

interface DirConf {
  /** Bytes; 0: nothing is kept. */
  keptBodySize?: number;
}

const rows: readonly AnyRow<object, DirConf>[] = [
  {
    name: 'KeptBodySize',
    shape: 'TAKE1',
    where: ACCESS_CONF,
    usage: 'Maximum size of request bodies kept aside for use by filters',
    apply(cmd, text) {
      if (!/^[\t-\r ]*\+?\d+$/.test(text)) return 'KeptBodySize must be a valid size in bytes, or zero.';
      cmd.dir.keptBodySize = Math.min(Number(text), Number.MAX_SAFE_INTEGER);
      return undefined;
    },
  },
];

/** Of a request without a body nothing is kept, which is not the same as no body kept: who is included is told a length of 0. */
const NOTHING_KEPT: RequestBody = { ...NO_BODY, kept: Buffer.alloc(0) };

/** Keeps what passes, and gives it again. */
class KeepingBody implements RequestBody {
  /** A handler is at work: more than may be kept is refused now. */
  isEnforced = false;
  readonly #r: Request;
  readonly #behind: RequestBody;
  readonly #limit: number;
  /** All of it, once it has come. */
  kept: Buffer | undefined;
  #pieces: Gathered | undefined = new Gathered();
  #size = 0;
  /** Given to whoever reads next. */
  #again: BufferedBody | undefined;
  #resume: (() => void) | undefined;

  constructor(r: Request, behind: RequestBody, limit: number) {
    this.#r = r;
    this.#behind = behind;
    this.#limit = limit;
  }
  get isPresent(): boolean {
    return this.#behind.isPresent;
  }
  get length(): number | undefined {
    return this.#behind.length;
  }
  get isChunked(): boolean {
    return this.#behind.isChunked;
  }
  get isTaken(): boolean {
    return this.#behind.isTaken && this.kept === undefined;
  }
  /** What was kept whole can be read once more. */
  get isFinished(): boolean {
    return this.#behind.isFinished && (this.kept === undefined || this.#again !== undefined);
  }
  get isAwaited(): boolean {
    return this.#behind.isAwaited;
  }
  start(reader: BodyReader): void {
    if (this.kept !== undefined) {
      const again = new BufferedBody(this.kept);
      this.#again = again;
      this.#resume = () => again.resume();
      again.start(reader);
      return;
    }
    const { length } = this.#behind;
    if (this.isEnforced && length !== undefined && length > this.#limit) {
      this.#refuse('AH01412', length, reader);
      return;
    }
    this.#resume = () => this.#behind.resume();
    this.#behind.start(this.#keeping(reader));
  }
  resume(): void {
    this.#resume?.();
  }

  #keeping(reader: BodyReader): BodyReader {
    let isRefused = false;
    return {
      onBody: (chunk) => {
        if (isRefused) return true;
        this.#size += chunk.length;
        if (this.#size <= this.#limit) {
          this.#pieces?.add(chunk, true);
        } else {
          this.#pieces = undefined;
          if (this.isEnforced) {
            isRefused = true;
            this.#refuse('AH01413', this.#size, reader);
            return true;
          }
        }
        return reader.onBody(chunk);
      },
      onBodyEnd: () => {
        if (isRefused) return;
        this.kept = this.#pieces?.take();
        this.#pieces = undefined;
        reader.onBodyEnd();
      },
      onBodyError: (status) => {
        if (!isRefused) reader.onBodyError(status);
      },
    };
  }

  #refuse(tag: string, size: number, reader: BodyReader): void {
    const message = `Requested content-length of ${size} is larger than the configured limit of ${this.#limit}`;
    logRequest(this.#r, 'request', Level.error, tag, message);
    this.#r.closeConnection = true;
    this.#r.isBodyBroken = true;
    reader.onBodyError(413);
  }
}

function keepBody(r: Request): Answer {
  const { keptBodySize = 0 } = modRequest.dir(r);
  const { body } = r.transport;
  if (keptBodySize === 0 || r.main !== undefined || body.isTaken) return DECLINED;
  if (!body.isPresent) {
    replaceBody(r, NOTHING_KEPT);
  } else {
    const keeping = new KeepingBody(r, body, keptBodySize);
    r.setState(modRequest.index, keeping);
    replaceBody(r, keeping);
  }
  return DECLINED;
}

function enforceSize(r: Request): void {
  const keeping = r.getState(modRequest.index) as KeepingBody | undefined;
  if (keeping !== undefined) keeping.isEnforced = true;
}

export const modRequest = defineModule<object, DirConf>({
  name: 'request_module',
  file: 'mod_request.c',
  directives: rows,
  mergeDir: (base, add) => ({ ...base, ...add }),
  hooks: { headerParser: keepBody, insertFilter: enforceSize },
});
