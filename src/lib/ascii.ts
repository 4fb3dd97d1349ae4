const BEYOND_ASCII = /[^\0-\x7f]/;
const UPPER = /[A-Z]+/g;

/** Lower case for A-Z alone: bytes above 0x7f are not letters to httpd. */
export function asciiLower(text: string): string {
  return BEYOND_ASCII.test(text) ? text.replace(UPPER, (run) => run.toLowerCase()) : text.toLowerCase();
}
