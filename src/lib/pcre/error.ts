/**
 * A pattern PCRE2 itself refuses (message in PCRE2's own words), or one that uses a construct this
 * implementation does not offer (message names the construct and ends in "is not supported").
 */
export class PcreError extends Error {
  override readonly name = 'PcreError';
  readonly code = 'ERR_PCRE';
  /** Byte offset in the pattern, 0-based, as PCRE2 reports it. */
  readonly offset: number;

  constructor(message: string, offset: number) {
    super(message);
    this.offset = offset;
  }
}
