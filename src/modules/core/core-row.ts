/** What the tables of the core's directives are made with. */
import { statSync } from 'node:fs';
import { type AnyRow, type Command, RSRC_CONF } from '../../config/directive.ts';
import type { CoreDirConf, CoreServerConf } from '../../core/core-config.ts';
import { positionOf } from '../../diagnostics/source.ts';

export type Cmd = Command<CoreServerConf, CoreDirConf>;
export type Row = AnyRow<CoreServerConf, CoreDirConf>;

export function row<K extends Row['shape']>(
  name: string,
  shape: K,
  where: number,
  usage: string,
  apply: Extract<Row, { shape: K }>['apply'],
  noEffect?: string,
): Row {
  return { name, shape, where, usage, apply, ...(noEffect === undefined ? {} : { noEffect }) } as Row;
}

/** `line 14 of /etc/apache2/apache2.conf`. */
export function placeInFile(cmd: Cmd): string {
  const { source, start } = cmd.node.span;
  return `line ${positionOf(source, start).line} of ${source.name}`;
}

/** `/etc/apache2/apache2.conf:14`. */
export function fileAndLine({ node }: Cmd): string {
  const { source, start } = node.span;
  return `${source.name}:${positionOf(source, start).line}`;
}

/** A row of server and virtual host level. */
export function serverRow<K extends Row['shape']>(
  name: string,
  shape: K,
  usage: string,
  apply: Extract<Row, { shape: K }>['apply'],
  extra: { forbidden?: number; noEffect?: string } = {},
): Row {
  return { name, shape, where: RSRC_CONF, usage, apply, ...extra } as Row;
}

/** Whether there is a directory of that (byte string) name. */
export function isDirectory(path: string): boolean {
  try {
    return statSync(Buffer.from(path, 'latin1')).isDirectory();
  } catch {
    return false;
  }
}
