// Reads a page of Bulk API results, and notices one that was cut: HTTP can end well in the middle of a row.
// Not jsforce's reader: it takes any of , ; | ` ^ and tab for a separator at once, also inside one file.

export interface CsvPage {
  columns: string[]
  rows: Record<string, string | null>[]
  /** The text ended where a row may end, and every row has all columns: only the number of rows tells a whole page from a cut one. */
  complete: boolean
}

/** RFC 4180 with commas. An empty field is null, as Bulk API 2.0 means it. */
export function parseCsv(text: string): CsvPage {
  const { lines, complete } = split(text)
  const columns = lines[0]
  if (columns === undefined) return { columns: [], rows: [], complete: false }
  const whole = lines.filter((line) => line.length === columns.length)
  return {
    columns,
    rows: whole
      .slice(1)
      .map((line) => Object.fromEntries(columns.map((name, i) => [name, line[i] === '' ? null : line[i]!]))),
    complete: complete && whole.length === lines.length,
  }
}

function split(text: string): { lines: string[][]; complete: boolean } {
  const lines: string[][] = []
  let line: string[] = []
  let at = 0
  let closed = true
  while (at < text.length) {
    const field = text[at] === '"' ? quoted(text, at + 1) : bare(text, at)
    line.push(field.value)
    at = field.end
    closed = field.closed
    if (text[at] === ',') {
      at += 1
      // A comma at the very end promises another field.
      closed = at < text.length
      continue
    }
    if (text[at] === '\r') at += 1
    if (text[at] === '\n') at += 1
    else if (at < text.length) return { lines, complete: false }
    lines.push(line)
    line = []
  }
  return { lines, complete: closed && line.length === 0 }
}

interface Field {
  value: string
  end: number
  /** False where the text ended before the field surely did. */
  closed: boolean
}

function quoted(text: string, start: number): Field {
  for (let from = start; ;) {
    const quote = text.indexOf('"', from)
    if (quote < 0) return { value: '', end: text.length, closed: false }
    if (text[quote + 1] !== '"')
      return { value: text.slice(start, quote).replaceAll('""', '"'), end: quote + 1, closed: true }
    from = quote + 2
  }
}

function bare(text: string, start: number): Field {
  const length = /[,\r\n]/.exec(text.slice(start, start + 131_073))?.index
  if (length === undefined) return { value: text.slice(start), end: text.length, closed: false }
  return { value: text.slice(start, start + length), end: start + length, closed: true }
}
