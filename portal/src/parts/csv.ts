// What a page shows, as a file for a spreadsheet (RFC 4180).
/** A cell that a spreadsheet would take for a formula begins with an apostrophe: names and titles are written by others. */
function cell(value: string | number | undefined): string {
  const text = String(value ?? '');
  const safe = typeof value === 'string' && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
export type CsvRow = (string | number | undefined)[];
export const csvText = (rows: CsvRow[]): string => rows.map((r) => `${r.map(cell).join(',')}\r\n`).join('');

/** Have the browser save it. */
export function saveCsv(name: string, rows: CsvRow[]): void {
  const url = URL.createObjectURL(new Blob([`\ufeff${csvText(rows)}`], { type: 'text/csv' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = `${name}.csv`;
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), 10000);
}
