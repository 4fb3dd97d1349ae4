/** SCGI requests: a netstring of NUL-ended names and values, CONTENT_LENGTH and SCGI first (https://python.ca/scgi/protocol.txt). Pure. */

/** Said by the protocol itself; what the configuration set under these names is left out (mod_proxy_scgi.c: send_headers). */
const OWN_NAMES: ReadonlySet<string> = new Set(['CONTENT_LENGTH', 'SCGI', 'GATEWAY_INTERFACE']);

/** Collects the variables of one request; all texts are byte strings. */
export class ScgiHead {
  #content: string;

  /** @param bodyLength bytes that follow the head. */
  constructor(bodyLength: number) {
    this.#content = `CONTENT_LENGTH\0${bodyLength}\0SCGI\x001\0`;
  }

  add(name: string, value: string): void {
    if (!OWN_NAMES.has(name)) this.#content += `${name}\0${value}\0`;
  }

  encode(): Buffer {
    return Buffer.from(`${this.#content.length}:${this.#content},`, 'latin1');
  }
}
