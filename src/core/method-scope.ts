/** Which methods a directive is for: all of them, or those of the `<Limit>` or `<LimitExcept>` it stands in (cmd->limited of httpd). */
import type { Command } from '../config/directive.ts';

export class MethodScope {
  /** The methods named: the only ones, or with `except` the ones left out. */
  readonly #named: ReadonlySet<string>;
  readonly #except: boolean;

  constructor(methods: Iterable<string>, except: boolean) {
    this.#named = new Set([...methods].map(countedAs));
    this.#except = except;
  }

  get isEverything(): boolean {
    return this.#except && this.#named.size === 0;
  }

  includes(method: string): boolean {
    if (this.#named.size === 0) return this.#except;
    return this.#named.has(countedAs(method)) !== this.#except;
  }

  /** Methods of either. */
  or(other: MethodScope): MethodScope {
    if (this === other || this.isEverything) return this;
    if (other.isEverything) return other;
    if (!this.#except && !other.#except) return new MethodScope([...this.#named, ...other.#named], false);
    const [all, less] = this.#except ? [this, other] : [other, this];
    return new MethodScope(
      [...all.#named].filter((method) => !less.includes(method)),
      true,
    );
  }
}

/** httpd has one number for both (M_GET). */
function countedAs(method: string): string {
  return method === 'HEAD' ? 'GET' : method;
}

export const EVERY_METHOD = new MethodScope([], true);
export const NO_METHOD = new MethodScope([], false);

/** The scope a directive is read in. */
export function methodScope(cmd: Pick<Command, 'limited' | 'limitExcept'>): MethodScope {
  if (cmd.limited === undefined) return EVERY_METHOD;
  return cmd.limitExcept && cmd.limited.size === 0
    ? EVERY_METHOD
    : new MethodScope(cmd.limited, cmd.limitExcept);
}
