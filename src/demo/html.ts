/** Making HTML: what came from outside is escaped where it is put in. */

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Text for an element or a quoted attribute. Control characters show as `\x1b`, except tabs and line ends. */
export function escapeHtml(text: string): string {
  return text
    .replace(/[&<>"']/g, (char) => ENTITIES[char] ?? char)
    .replace(/\r\n/g, '\n')
    .replace(
      /[\0-\x08\x0b-\x1f\x7f-\x9f]/g,
      (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`,
    );
}

/** A byte string (each char one byte, as CGI variables come) read as UTF-8; bytes that are none show as U+FFFD. */
export function textOfBytes(bytes: string): string {
  return Buffer.from(bytes, 'latin1').toString('utf8');
}

/** A table of names and values; both are escaped here. */
export function table(
  head: readonly [string, string],
  rows: Iterable<readonly [name: string, value: string]>,
): string {
  let body = '';
  for (const [name, value] of rows) {
    body += `<tr><th scope="row">${escapeHtml(name)}</th><td>${escapeHtml(value)}</td></tr>\n`;
  }
  return `<div class="scroll"><table>
<thead><tr><th scope="col">${escapeHtml(head[0])}</th><th scope="col">${escapeHtml(head[1])}</th></tr></thead>
<tbody>
${body}</tbody></table></div>`;
}
