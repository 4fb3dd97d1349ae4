/** What an upload contains, found out while it arrives: files are counted and hashed, never kept. */

import { createHash, type Hash } from 'node:crypto';
import { MultipartReader, type PartHandler, type PartHead } from './multipart.ts';

export interface UploadedFile {
  readonly field: string;
  readonly filename: string;
  readonly contentType: string | undefined;
  /** Bytes. */
  readonly size: number;
  /** Lower-case hexadecimal. */
  readonly sha256: string;
}

export interface Upload {
  readonly files: readonly UploadedFile[];
  /** Plain fields, values cut after `MAX_FIELD_SIZE` bytes. */
  readonly fields: readonly (readonly [name: string, value: string])[];
}

const MAX_FIELD_SIZE = 4096;

class UploadInspector implements PartHandler {
  readonly files: UploadedFile[] = [];
  readonly fields: [string, string][] = [];
  #head: PartHead | undefined;
  #hash: Hash | undefined;
  #size = 0;
  #field: Buffer[] = [];

  onPart(head: PartHead): void {
    this.#head = head;
    this.#size = 0;
    this.#field = [];
    this.#hash = head.filename === undefined ? undefined : createHash('sha256');
  }

  onData(slice: Buffer): void {
    if (this.#hash !== undefined) this.#hash.update(slice);
    else if (this.#size < MAX_FIELD_SIZE) {
      // Copied: a slice would hold on to the whole chunk it came in.
      this.#field.push(Buffer.from(slice.subarray(0, MAX_FIELD_SIZE - this.#size)));
    }
    this.#size += slice.length;
  }

  onPartEnd(): void {
    const head = this.#head;
    if (head === undefined) return;
    if (this.#hash === undefined) {
      this.fields.push([head.name, Buffer.concat(this.#field).toString('utf8')]);
    } else if (head.filename !== '' || this.#size > 0) {
      // A file input left empty is sent as a part without a name and without content.
      this.files.push({
        field: head.name,
        filename: head.filename ?? '',
        contentType: head.contentType,
        size: this.#size,
        sha256: this.#hash.digest('hex'),
      });
    }
  }
}

/** Reads a multipart body to its end. @throws MultipartError */
export async function inspectUpload(body: AsyncIterable<Buffer>, boundary: string): Promise<Upload> {
  const inspector = new UploadInspector();
  const reader = new MultipartReader(boundary, inspector);
  for await (const chunk of body) reader.write(chunk);
  reader.end();
  return inspector;
}
