/** What mod_deflate and mod_brotli have in common of their configuration: notes of sizes, and what becomes of the ETag. */
import type { ApplyResult, Command } from '../../../config/directive.ts';
import type { Request } from '../../../core/request.ts';
import { asciiLower } from '../../../lib/ascii.ts';
import type { EtagRule } from './codings.ts';

export interface CodingConf {
  etag?: EtagRule;
  /** Names of notes for bytes in, bytes out and the ratio in percent. */
  inputNote?: string;
  outputNote?: string;
  ratioNote?: string;
}
type Cmd = Command<CodingConf>;

const NOTES = { ratio: 'ratioNote', input: 'inputNote', output: 'outputNote' } as const;

/** FilterNote: a type and a name, or the name alone of the ratio's. @param complaint of a type that there is not. */
export function filterNote(complaint: (type: string) => string) {
  return (cmd: Cmd, first: string, second: string | undefined): ApplyResult => {
    const type = second === undefined ? 'ratio' : asciiLower(first);
    if (!Object.hasOwn(NOTES, type)) return complaint(first);
    cmd.server[NOTES[type as keyof typeof NOTES]] = second ?? first;
    return undefined;
  };
}

const ETAG_RULES: ReadonlyMap<string, EtagRule> = new Map([
  ['addsuffix', 'suffix'],
  ['nochange', 'keep'],
  ['remove', 'remove'],
]);

/** AlterETag. @param complaint of another word. */
export function alterEtag(complaint: string) {
  return (cmd: Cmd, word: string): ApplyResult => {
    const rule = ETAG_RULES.get(asciiLower(word));
    if (rule === undefined) return complaint;
    cmd.server.etag = rule;
    return undefined;
  };
}

/** What sets the notes of an answer when its bytes are counted; undefined where none is asked for. @param none stands for no bytes. */
export function noteWriter(
  r: Request,
  conf: Readonly<CodingConf>,
  none: string,
): ((bytesIn: number, bytesOut: number) => void) | undefined {
  const { inputNote, outputNote, ratioNote } = conf;
  if (inputNote === undefined && outputNote === undefined && ratioNote === undefined) return undefined;
  return (bytesIn, bytesOut) => {
    if (inputNote !== undefined) r.notes.set(inputNote, bytesIn > 0 ? String(bytesIn) : none);
    if (outputNote !== undefined) r.notes.set(outputNote, bytesOut > 0 ? String(bytesOut) : none);
    if (ratioNote !== undefined)
      r.notes.set(ratioNote, bytesIn > 0 ? String(Math.floor((bytesOut * 100) / bytesIn)) : '-');
  };
}
