// Records as a CSV file that spreadsheets open without running anything in it (OWASP, "CSV Injection").

/** Spreadsheets take what begins with these for a formula. */
const FORMULA = /^[=+\-@\t\r\n]/

export function csvLine(cells: readonly (string | number)[]): string {
  return `${cells.map(cell).join(',')}\r\n`
}

function cell(value: string | number): string {
  if (typeof value === 'number') return String(value)
  // Also behind leading blanks, which some spreadsheets drop.
  const safe = FORMULA.test(value.trimStart()) || FORMULA.test(value) ? `'${value}` : value
  return `"${safe.replaceAll('"', '""')}"`
}
