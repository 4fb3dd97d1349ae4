/** Results as a table: each value beside its ratio to apache-lite's. */

/**
 * @typedef {object} Column
 * @property {string} key
 * @property {string} title
 * @property {number} digits behind the point
 */

/**
 * @typedef {object} Row
 * @property {string} peer
 * @property {Readonly<Record<string, number>>} values by column; a column that is absent could not be measured
 * @property {string} [note] what went wrong, or differs
 */

/**
 * @typedef {object} Result
 * @property {string} job
 * @property {string} title
 * @property {readonly Column[]} columns
 * @property {readonly Row[]} rows
 */

const BASE = 'apache-lite';

/**
 * @param {readonly number[]} values
 * @returns {number} NaN of none
 */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  if (sorted.length % 2 === 1) return sorted[middle] ?? Number.NaN;
  return ((sorted[middle - 1] ?? Number.NaN) + (sorted[middle] ?? Number.NaN)) / 2;
}

/**
 * @param {Result} result
 * @returns {string} lines of a Markdown table, lined up for reading as they are
 */
export function renderResult({ job, title, columns, rows }) {
  const base = rows.find(({ peer }) => peer === BASE);
  const header = ['', ...columns.flatMap(({ title: name }) => [name, '×'])];
  const body = rows.map(({ peer, values }) => [
    peer,
    ...columns.flatMap(({ key, digits }) => {
      const value = values[key];
      return [number(value, digits), ratio(value, base?.values[key])];
    }),
  ]);
  const widths = header.map((_, index) =>
    Math.max(3, ...[header, ...body].map((row) => (row[index] ?? '').length)),
  );
  const line = (/** @type {readonly string[]} */ cells) =>
    `| ${cells.map((cell, index) => (index === 0 ? cell.padEnd(widths[index] ?? 0) : cell.padStart(widths[index] ?? 0))).join(' | ')} |`;
  const rule = `|${widths.map((width, index) => (index === 0 ? '-'.repeat(width + 2) : `${'-'.repeat(width + 1)}:`)).join('|')}|`;
  const notes = rows.flatMap(({ peer, note }) => (note === undefined ? [] : [`${peer}: ${note}`]));
  return [
    `${job}: ${title}`,
    '',
    line(header),
    rule,
    ...body.map(line),
    ...notes.map((note) => `\n${note}`),
    '',
  ].join('\n');
}

/**
 * @param {number | undefined} value
 * @param {number} digits
 */
function number(value, digits) {
  if (value === undefined || Number.isNaN(value)) return '';
  return value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

/**
 * @param {number | undefined} value
 * @param {number | undefined} base
 */
function ratio(value, base) {
  if (value === undefined || base === undefined || base <= 0 || Number.isNaN(value / base)) return '';
  return (value / base).toFixed(2);
}
