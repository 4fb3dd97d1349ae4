/**
 * The escapings of server/util.c. All of them return the string they got when there is nothing to escape, which a
 * regular expression test finds out at a fraction of the cost of rebuilding.
 */

const HTML_SPECIAL = /[&<>"]/;

/** ap_escape_html: & < > ". With `ascii`, bytes from 0x80 on become &#nnn; as well (ap_escape_html2 with toasc). */
export function escapeHtml(text: string, ascii = false): string {
  if (!HTML_SPECIAL.test(text) && !ascii) return text;
  return text.replace(ascii ? /[&<>"\x80-\xff]/g : /[&<>"]/g, (char) => {
    switch (char) {
      case '&':
        return '&amp;';
      case '<':
        return '&lt;';
      case '>':
        return '&gt;';
      case '"':
        return '&quot;';
      default:
        return `&#${char.charCodeAt(0)};`;
    }
  });
}

const HEX = '0123456789abcdef';

function percent(char: string): string {
  const code = char.charCodeAt(0) & 0xff;
  return `%${HEX[code >> 4]}${HEX[code & 15]}`;
}

const PATH_UNSAFE = /[^A-Za-z0-9$\-_.+!*'(),:;@&=/~]/;
const PATH_UNSAFE_ALL = /[^A-Za-z0-9$\-_.+!*'(),:;@&=/~]/g;

/**
 * ap_os_escape_path. Unless `partial`, a path whose first segment holds a colon gets "./" before it, so that it cannot
 * be taken for a scheme. ap_escape_uri is the partial form. Hex digits are lower case, as httpd writes them.
 */
export function escapePath(path: string, partial = false): string {
  let prefix = '';
  if (!partial) {
    const colon = path.indexOf(':');
    if (colon >= 0) {
      const slash = path.indexOf('/');
      if (slash < 0 || colon < slash) prefix = './';
    }
  }
  const escaped = PATH_UNSAFE.test(path) ? path.replace(PATH_UNSAFE_ALL, percent) : path;
  return prefix === '' ? escaped : prefix + escaped;
}

/** ap_escape_uri: a whole path, never prefixed. */
export function escapeUri(path: string): string {
  return escapePath(path, true);
}

/** ap_escape_path_segment: as a path, and "/" and ";" are escaped too. */
export function escapePathSegment(segment: string): string {
  return segment.replace(/[^A-Za-z0-9$\-_.+!*'(),:@&=~]/g, percent);
}

/** ap_escape_urlencoded: form encoding, space as "+". */
export function escapeUrlEncoded(text: string): string {
  return text.replace(/[^A-Za-z0-9.\-*_]/g, (char) => (char === ' ' ? '+' : percent(char)));
}

const LOG_SPECIAL = /[^\x20-\x7e]|["\\]/;
const SHORT_ESCAPES: Readonly<Record<string, string>> = {
  '\b': '\\b',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
  '"': '\\"',
  '\\': '\\\\',
};

function logEscape(char: string): string {
  const short = SHORT_ESCAPES[char];
  if (short !== undefined) return short;
  const code = char.charCodeAt(0) & 0xff;
  return `\\x${HEX[code >> 4]}${HEX[code & 15]}`;
}

/** ap_escape_logitem: what goes between quotes in an access log. */
export function escapeLogItem(text: string): string {
  return LOG_SPECIAL.test(text) ? text.replace(/[^\x20-\x7e]|["\\]/g, logEscape) : text;
}

const ERROR_LOG_SPECIAL = /[^\x20-\x7e]|\\/;

/** ap_escape_errorlog_item: the same, but double quotes stay. */
export function escapeErrorLogItem(text: string): string {
  return ERROR_LOG_SPECIAL.test(text) ? text.replace(/[^\x20-\x7e]|\\/g, logEscape) : text;
}

/** Bytes for `%XX`. What is no such sequence stays as it is. */
export function decodePercent(text: string): string {
  if (!text.includes('%')) return text;
  return text.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
}

/** ap_escape_shell_cmd: what a shell would take for more than text gets a backslash before it. */
export function escapeShell(text: string): string {
  return text.replace(/[&;`'"|*?~<>^()[\]{}$\\\n]/g, '\\$&');
}
