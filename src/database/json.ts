// JSON as PostgreSQL stores it. jsonb and text refuse two things that JavaScript's strings may hold, and foreign data and cut texts do
// hold: the NUL character and half a surrogate pair. One such string would make its whole transaction fail, again and again.

/** As JSON.stringify, with the replacement character (U+FFFD) for what can't be stored. */
export function toJson(value: unknown): string {
  // Pairs of backslashes are stepped over: what follows them is text, no escape. Whole surrogate pairs are never escaped.
  return JSON.stringify(value).replace(/\\(\\|u0000|ud[89a-f][0-9a-f]{2})/g, (found) =>
    found === '\\\\' ? found : '\ufffd',
  )
}

/** The same for a text that goes alone. */
export function toText(text: string): string {
  return text.toWellFormed().replaceAll('\0', '\ufffd')
}
