// Reads a search to its end: page after page, and in halves where Marketo finds the whole too much.
import type { MarketoCall, MarketoClient } from './client.ts'
import { failed, type Failed } from './outcome.ts'

export type Found = { ok: true; records: Record<string, unknown>[] } | Failed

/** Far more than any search of ours has; an answer that always promises more must end somewhere, and is not the whole then. */
const MOST_PAGES = 100

/** What is no record is left out; with `isWhole`, it fails the search, and so does a record that is not whole. */
export async function readPages(
  client: MarketoClient,
  callOf: (nextPageToken: string | undefined) => MarketoCall,
  isWhole?: (record: Record<string, unknown>) => boolean,
): Promise<Found> {
  const records: Record<string, unknown>[] = []
  let token: string | undefined
  for (let page = 1; ; page++) {
    const outcome = await client.request(callOf(token))
    // 702 is how some searches say that there is nothing; most say success with a warning.
    if (!outcome.ok) return outcome.code === '702' ? { ok: true, records } : outcome
    for (const record of outcome.result)
      if (isObject(record) && isWhole?.(record) !== false) records.push(record)
      else if (isWhole !== undefined)
        return failed('body', 'record-without-id', 'nobody can say which record it is', true)
    if (!outcome.moreResult) return { ok: true, records }
    token = outcome.nextPageToken
    // A part taken for the whole would have a person created twice, or a known one declared lost.
    if (token === undefined) return failed('body', 'search-not-whole', 'without saying how to get it', true)
    if (page >= MOST_PAGES) return failed('body', 'search-not-whole', `even after ${MOST_PAGES} pages`, true)
  }
}

/** "Too many results match the filter": more than 1,000. */
const TOO_MANY_MATCHES = '1003'

/** What a read answers when it should be asked again for half of the values: 1003 is "over 1,000 matches", 604 "took too long". */
const TOO_MUCH: readonly string[] = [TOO_MANY_MATCHES, '604', 'HTTP 413', 'HTTP 414', 'too-large']

export async function readInParts<Value>(
  values: readonly Value[],
  most: number,
  read: (part: readonly Value[]) => Promise<Found>,
  { leaveOutCrowds = false } = {},
): Promise<Found> {
  const records: Record<string, unknown>[] = []
  const parts: (readonly Value[])[] = []
  for (let at = 0; at < values.length; at += most) parts.push(values.slice(at, at + most))
  for (let part = parts.shift(); part; part = parts.shift()) {
    const found = await read(part)
    if (found.ok) for (const record of found.records) records.push(record)
    else if (TOO_MUCH.includes(found.code) && part.length > 1) {
      const middle = Math.ceil(part.length / 2)
      parts.unshift(part.slice(0, middle), part.slice(middle))
    } else if (found.code !== TOO_MANY_MATCHES || !leaveOutCrowds) return found
  }
  return { ok: true, records }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
