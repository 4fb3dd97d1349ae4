/** ap_strcmp_match(): `*` is any run, `?` any one character; nothing else is special. */
export function strcmpMatch(text: string, pattern: string): boolean {
  let at = 0;
  let p = 0;
  let star = -1;
  let starAt = 0;
  while (at < text.length) {
    const c = pattern.charCodeAt(p);
    if (c === 0x2a) {
      star = p++;
      starAt = at;
    } else if (c === 0x3f || c === text.charCodeAt(at)) {
      p++;
      at++;
    } else if (star >= 0) {
      p = star + 1;
      at = ++starAt;
    } else return false;
  }
  while (pattern.charCodeAt(p) === 0x2a) p++;
  return p === pattern.length;
}

/** ap_strcasecmp_match(): the same without regard to ASCII case. */
export function strcasecmpMatch(text: string, pattern: string): boolean {
  return strcmpMatch(foldAscii(text), foldAscii(pattern));
}

const foldAscii = (text: string): string => text.replace(/[A-Z]+/g, (run) => run.toLowerCase());
