/** From what the tests printed to a content type and an encoding (magic_rsl_to_request of mod_mime_magic.c). */
import { asciiLower } from '../../../lib/ascii.ts';

export interface Magic {
  readonly type: string;
  readonly encoding: string | undefined;
}

const TYPE_AND_ENCODING =
  /^[ \t\n\v\f\r]*([^ \t\n\v\f\r/]+\/[^ \t\n\v\f\r]*)([ \t\n\v\f\r]?)[ \t\n\v\f\r]*([^ \t\n\v\f\r]*[ \t\n\v\f\r]?)/;
/** Memory is given out in pieces of so many bytes. */
const PIECE = 8;

/**
 * The first word with a slash in it is the type, the next one the encoding. Undefined: the first word is no type.
 *
 * Measured: httpd copies a character more than there are of each (rsl_strdup), so that the blank goes with the word; and where the type fills
 * its piece of memory with that, the encoding, which comes to lie behind it, is a part of it.
 */
export function readResult(printed: string): Magic | undefined {
  const found = TYPE_AND_ENCODING.exec(printed);
  if (found === null) return undefined;
  const [, word = '', blank = '', encodingWord = ''] = found;
  const type = typeToLower(word + blank);
  if (encodingWord === '') return { type, encoding: undefined };
  const encoding = asciiLower(encodingWord);
  return { type: (word.length + 1) % PIECE === 0 ? type + encoding : type, encoding };
}

/** Without the parameters (ap_content_type_tolower). */
function typeToLower(type: string): string {
  const end = type.indexOf(';');
  return end < 0 ? asciiLower(type) : asciiLower(type.slice(0, end)) + type.slice(end);
}
