/** ASCII lower case: bytes above 0x7f are not letters to httpd. */
export function asciiLower(text: string): string {
  return /[^\0-\x7f]/.test(text) ? text.replace(/[A-Z]+/g, (run) => run.toLowerCase()) : text.toLowerCase();
}
