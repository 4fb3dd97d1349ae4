export { parseBerkeleyHash } from './berkeley-hash.ts';
export { DbmError } from './error.ts';
export { parseGdbm } from './gdbm.ts';
