import { readFileSync } from 'node:fs';

/**
 * The local zone's abbreviation (`%Z`). Node knows zones by their long names only, so the system's zone file
 * (RFC 8536) is read once; where there is none the answer is GMT and the offset, as ICU writes it.
 * @param offset minutes east of UTC at that time
 */
export function zoneName(epochSeconds: number, offset: number): string {
  const { TZ } = process.env;
  if (known === undefined || known.zone !== TZ) known = { zone: TZ, names: readNames(TZ) };
  const name = known.names.get(offset * 60);
  if (name !== undefined) return name;
  const parts = new Intl.DateTimeFormat('en-US', { timeZoneName: 'short' }).formatToParts(
    epochSeconds * 1000,
  );
  return parts.find((part) => part.type === 'timeZoneName')?.value ?? '';
}

let known: { zone: string | undefined; names: ReadonlyMap<number, string> } | undefined;

function readNames(zone: string | undefined): ReadonlyMap<number, string> {
  if (zone === '') return new Map([[0, 'UTC']]);
  const name = zone?.replace(/^:/, '');
  if (name?.split('/').includes('..')) return new Map();
  const path =
    name === undefined ? '/etc/localtime' : name.startsWith('/') ? name : `/usr/share/zoneinfo/${name}`;
  try {
    return parseZoneFile(readFileSync(path));
  } catch {
    // No zone file (a slim container, another system), or none we can read.
    return new Map();
  }
}

/** Abbreviation by offset in seconds from the file's version 1 block; the type used last for an offset wins. */
function parseZoneFile(file: Buffer): ReadonlyMap<number, string> {
  const names = new Map<number, string>();
  if (file.toString('latin1', 0, 4) !== 'TZif') return names;
  let start = 0;
  let timeSize = 4;
  const size = (field: number): number => file.readUInt32BE(start + 20 + 4 * field);
  if (file.readUInt8(4) >= 0x32) {
    // The version 2 block repeats the header behind the first, with 8-byte times; slim files leave the first empty.
    start = 44 + size(0) + size(1) + size(2) * 8 + size(3) * 5 + size(4) * 6 + size(5);
    timeSize = 8;
  }
  const transitions = size(3);
  const types = size(4);
  const indexAt = start + 44 + transitions * timeSize;
  const typesAt = indexAt + transitions;
  const charsAt = typesAt + types * 6;
  const add = (type: number): void => {
    const at = typesAt + type * 6;
    const nameAt = charsAt + file.readUInt8(at + 5);
    names.set(file.readInt32BE(at), file.toString('latin1', nameAt, file.indexOf(0, nameAt)));
  };
  for (let type = 0; type < types; type++) add(type);
  for (let i = 0; i < transitions; i++) add(file.readUInt8(indexAt + i));
  return names;
}
