/** By what a file is known again as the one that was read. */

/** The facts of a stat that change with the content. */
export interface FileStamp {
  readonly ino: number;
  readonly size: number;
  readonly mtimeMs: number;
  readonly ctimeMs: number;
}

/** A file modified this recently may change again within the clock's resolution (milliseconds). */
const SETTLED_AFTER = 50;

export function stampOf({ ino, size, mtimeMs, ctimeMs }: FileStamp): FileStamp {
  return { ino, size, mtimeMs, ctimeMs };
}

/** The file is still the one that was read. */
export function isSameFile(stamp: FileStamp, found: FileStamp): boolean {
  return (
    stamp.mtimeMs === found.mtimeMs &&
    stamp.ctimeMs === found.ctimeMs &&
    stamp.size === found.size &&
    stamp.ino === found.ino
  );
}

/** Whether another change would show: what was read of a file that is not settled must not be kept. */
export function isSettled({ mtimeMs, ctimeMs }: FileStamp): boolean {
  const now = Date.now();
  return now - mtimeMs > SETTLED_AFTER && now - ctimeMs > SETTLED_AFTER;
}
