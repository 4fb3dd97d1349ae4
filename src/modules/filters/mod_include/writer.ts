/**
 * The INCLUDES filter at work: text passes, elements are handled in order. What an element must wait for (a sub-request, a program) holds up
 * the rest of the page, and through it whoever makes the page.
 */
import { type BodyWriter, endBody } from '../../../core/body.ts';
import { FilterTransport } from '../../../core/filters.ts';
import type { Answer } from '../../../core/hooks.ts';
import type { IncludeElement } from '../../../core/include-element.ts';
import { Level } from '../../../core/log.ts';
import type { Request } from '../../../core/request.ts';
import { runSubrequest } from '../../../core/subrequest.ts';
import type { DirConf, ServerConf } from './conf.ts';
import { elements } from './elements.ts';
import { Page, type PageOutput } from './page.ts';
import { type ElementProblem, type PageEvent, PageParser } from './parser.ts';
import type { SharedVariables } from './variables.ts';

const NOTHING: Buffer = Buffer.alloc(0);
const PROBLEMS: Readonly<Record<ElementProblem, readonly [tag: string, message: string]>> = {
  'no-name': ['AH01368', 'missing directive name in parsed document'],
  'value-without-name': ['AH01369', 'missing argument name for value to tag'],
  'empty-name': ['AH01370', 'missing argument name for value to tag'],
  'too-long': ['', 'SSI directive is too long in parsed document'],
};

export class IncludesWriter implements BodyWriter, PageOutput {
  readonly #next: BodyWriter;
  readonly #page: Page;
  readonly #parser: PageParser;
  readonly #transport: FilterTransport;
  readonly #others: (name: string) => IncludeElement | undefined;
  /** Made, and not passed on. */
  #gathered: Buffer[] = [];
  #gatheredBytes = 0;
  /** Came in while an element was waited for. */
  #queue: Buffer[] = [];
  #isWaiting = false;
  #isEnding = false;
  #isOver = false;
  /** The writer behind takes more. */
  #hasRoom = true;

  /** `ready`: what must have happened before the page's variables are complete. */
  constructor(
    r: Request,
    next: BodyWriter,
    conf: { readonly server: Readonly<ServerConf>; readonly dir: Readonly<DirConf> },
    shared: SharedVariables,
    others: (name: string) => IncludeElement | undefined,
    ready: Promise<void> | undefined,
  ) {
    this.#next = next;
    this.#page = new Page(r, conf.dir, shared, this);
    this.#parser = new PageParser(conf.server.startTag ?? '<!--#', conf.server.endTag ?? '-->');
    this.#others = others;
    this.#transport = new FilterTransport(r);
    if (ready !== undefined) this.#waitFor(ready);
  }

  // ---- BodyWriter ----

  write(chunk: Buffer): boolean {
    if (this.#isOver) return true;
    if (this.#isWaiting) {
      this.#queue.push(chunk);
      return false;
    }
    this.#parser.push(chunk);
    this.#run();
    if (this.#isWaiting) return false;
    if (this.#gatheredBytes > 0) this.#pass();
    if (!this.#hasRoom) this.#drainLater();
    return this.#hasRoom;
  }
  end(): void {
    if (this.#isOver) return;
    this.#isEnding = true;
    if (!this.#isWaiting) this.#finish();
  }
  endWith(chunk: Buffer): void {
    if (this.#isOver) return;
    this.#isEnding = true;
    if (this.#isWaiting) {
      this.#queue.push(chunk);
      return;
    }
    this.#parser.push(chunk);
    this.#run();
    if (!this.#isWaiting) this.#finish();
  }
  flush(): void {
    if (this.#isOver || this.#isWaiting) return;
    if (this.#gatheredBytes > 0) this.#pass();
    this.#next.flush?.();
  }
  abort(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#queue = [];
    this.#next.abort();
    this.#transport.drained();
  }

  // ---- PageOutput ----

  put(text: string): void {
    this.#gather(Buffer.from(text, 'latin1'));
  }
  stream(): { write(chunk: Buffer): boolean; onDrain(callback: () => void): void } {
    this.#pass();
    return {
      write: (chunk) => (this.#isOver ? true : this.#write(chunk)),
      onDrain: (callback) =>
        this.#transport.onDrainBehind(() => {
          this.#hasRoom = true;
          callback();
        }),
    };
  }
  run(sub: Request): Answer {
    const stream = this.stream();
    return runSubrequest(sub, stream, stream);
  }

  // ---- the page ----

  /** Handles what there is, until something must be waited for. */
  #run(): void {
    for (;;) {
      const event = this.#parser.next();
      if (event === undefined) {
        const chunk = this.#queue.shift();
        if (chunk === undefined) return;
        this.#parser.push(chunk);
        continue;
      }
      if (!this.#handle(event)) return;
    }
  }

  /** False: the page waits. */
  #handle(event: PageEvent): boolean {
    switch (event.kind) {
      case 'text':
        if (this.#page.isPrinting) this.#gather(event.bytes);
        return true;
      case 'start':
        // What is before an element is passed on, though it be nothing: from here on nobody knows how long the page will be.
        if (!this.#page.isPrinting) return true;
        this.#pass();
        return this.#hasRoom || this.#waitForRoom();
      case 'element':
        return this.#element(event);
    }
  }

  #element({ name, args, problems }: Extract<PageEvent, { kind: 'element' }>): boolean {
    const page = this.#page;
    for (const problem of problems) {
      const [tag, message] = PROBLEMS[problem];
      const where = problem === 'no-name' || problem === 'too-long' ? '' : ` ${name} in`;
      page.log(Level.error, tag, `${message}${where} ${page.filename}`);
      page.isBroken = true;
    }
    if (page.isBroken) {
      if (page.isPrinting) {
        page.putError();
        page.isBroken = false;
      }
      return true;
    }
    const element = elements.get(name) ?? this.#others(name);
    if (element === undefined) {
      page.log(Level.error, 'AH01371', `unknown directive "${name}" in parsed doc ${page.filename}`);
      if (page.isPrinting) page.putError();
      return true;
    }
    const done = (element as IncludeElement)(page, args);
    if (done === undefined) return true;
    this.#waitFor(done);
    return false;
  }

  #waitFor(done: Promise<void>): void {
    this.#isWaiting = true;
    done
      .then(() => this.#goOn())
      .catch((error: unknown) => {
        this.#page.log(Level.error, '', `page could not be finished: ${String(error)}`);
        this.abort();
      });
  }

  #waitForRoom(): false {
    this.#isWaiting = true;
    this.#transport.onDrainBehind(() => {
      this.#hasRoom = true;
      this.#goOn();
    });
    return false;
  }

  #goOn(): void {
    if (this.#isOver) return;
    this.#isWaiting = false;
    this.#run();
    if (this.#isWaiting) return;
    if (this.#isEnding) {
      this.#finish();
      return;
    }
    if (this.#gatheredBytes > 0) this.#pass();
    if (this.#hasRoom) this.#transport.drained();
    else this.#drainLater();
  }

  #drainLater(): void {
    this.#transport.onDrainBehind(() => {
      this.#hasRoom = true;
      this.#transport.drained();
    });
  }

  #finish(): void {
    this.#isOver = true;
    const page = this.#page;
    const { held, isOpen } = this.#parser.finish();
    if (isOpen) {
      page.log(
        Level.error,
        'AH01372',
        `SSI directive was not properly finished at the end of parsed document ${page.filename}`,
      );
      if (page.isPrinting) page.putError();
    } else if (page.isPrinting) this.#gather(held);
    if (!page.isPrinting)
      page.log(Level.warn, 'AH01373', `missing closing endif directive in parsed document ${page.filename}`);
    endBody(this.#next, this.#takeGathered());
  }

  // ---- out ----

  #gather(bytes: Buffer): void {
    if (bytes.length === 0) return;
    this.#gathered.push(bytes);
    this.#gatheredBytes += bytes.length;
  }

  #pass(): void {
    this.#write(this.#takeGathered());
  }

  #write(chunk: Buffer): boolean {
    this.#hasRoom = this.#next.write(chunk);
    return this.#hasRoom;
  }

  #takeGathered(): Buffer {
    const gathered = this.#gathered;
    this.#gathered = [];
    this.#gatheredBytes = 0;
    return gathered.length === 1
      ? (gathered[0] as Buffer)
      : gathered.length === 0
        ? NOTHING
        : Buffer.concat(gathered);
  }
}
