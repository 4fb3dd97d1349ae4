/** A file that looks like a database and is not whole. */
export class DbmError extends Error {
  override readonly name = 'DbmError';

  constructor() {
    super('damaged database');
  }
}
