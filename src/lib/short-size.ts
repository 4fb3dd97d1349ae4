/** apr_strfsize: a size in four characters, `1.0K`, ` 12 `, `123M`. */
export function shortSize(bytes: number): string {
  if (bytes < 0) return '  - ';
  if (bytes < 973) return `${String(bytes).padStart(3)} `;
  let left = bytes;
  for (const unit of 'KMGTPE') {
    const remainder = left % 1024;
    left = Math.floor(left / 1024);
    if (left >= 973) continue;
    if (left < 9 || (left === 9 && remainder < 973)) {
      const tenths = Math.floor((remainder * 5 + 256) / 512);
      return tenths >= 10 ? `${left + 1}.0${unit}` : `${left}.${tenths}${unit}`;
    }
    return `${String(remainder >= 512 ? left + 1 : left).padStart(3)}${unit}`;
  }
  return '****';
}
