// Where a call goes: path and query, or the same as POST with _method=GET where the address would be too long.
export type Query = Record<string, string | number | readonly (string | number)[] | undefined>

/** Marketo answers 414 above 8 KB (help/rest-api/error-codes.md); proxies in between add to the line. */
export const LONGEST_URI = 7_000

export function queryString(query: Query): string {
  return Object.entries(query)
    .filter(
      (entry): entry is [string, string | number | readonly (string | number)[]] => entry[1] !== undefined,
    )
    .map(([name, value]) => {
      const text = typeof value === 'object' ? value.join(',') : String(value)
      return `${encodeURIComponent(name)}=${encodeURIComponent(text.toWellFormed())}`
    })
    .join('&')
}

export interface Address {
  path: string
  method: 'GET' | 'POST'
  /** Set when the query went into the body. */
  form?: string
}

export function addressOf(path: string, method: 'GET' | 'POST', query: Query = {}, form = false): Address {
  const text = queryString(query)
  const whole = text === '' ? path : `${path}?${text}`
  if (method === 'POST' || (!form && whole.length <= LONGEST_URI)) return { path: whole, method }
  return { path: `${path}?_method=GET`, method: 'POST', form: text }
}
