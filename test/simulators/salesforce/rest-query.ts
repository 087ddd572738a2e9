// GET query and queryAll, and the pages after the first.

import { ApiError } from './api-error.ts'
import type { Exchange } from './exchange.ts'
import { runSoql, type Result, type RunContext } from './soql-run.ts'

/** Sforce-Query-Options: batchSize goes from 200 to 2,000; what is outside moves to the edge (known). */
const SMALLEST_BATCH = 200
const LARGEST_BATCH = 2_000
/** Open cursors per user; the oldest is closed when one more opens. */
const MOST_CURSORS = 50

interface Cursor {
  result: Result
  batchSize: number
}

export interface QueryDesk {
  query(exchange: Exchange, all: boolean): Promise<void>
  queryMore(exchange: Exchange, locator: string): Promise<void>
  loseCursors(): void
}

export function createQueryDesk(options: {
  context: RunContext
  basePath: string
  batchSize: () => number
}): QueryDesk {
  const cursors = new Map<string, Cursor>()
  let opened = 0

  const page = (exchange: Exchange, id: string | undefined, cursor: Cursor, from: number): Promise<void> => {
    const { result, batchSize } = cursor
    const records =
      result.aggregates ?? result.rows.slice(from, from + batchSize).map((row) => result.show(row))
    const next = from + batchSize
    const done = result.aggregates !== undefined || next >= result.rows.length
    if (done && id) cursors.delete(id)
    return exchange.json(200, {
      totalSize: result.totalSize,
      done,
      ...(!done && { nextRecordsUrl: `${options.basePath}/query/${id}-${next}` }),
      records,
    })
  }

  return {
    query(exchange, all) {
      const soql = exchange.url.searchParams.get('q')
      if (soql === null) throw new ApiError(400, 'MALFORMED_QUERY', 'No query specified.')
      exchange.call.detail = soql
      const result = runSoql(options.context, soql, all)
      const cursor = { result, batchSize: batchSizeOf(exchange, options.batchSize()) }
      if (result.rows.length <= cursor.batchSize) return page(exchange, undefined, cursor, 0)
      const id = `0r8xx${(++opened).toString(36).padStart(10, '0')}AAA`
      cursors.set(id, cursor)
      const [oldest] = cursors.keys()
      if (cursors.size > MOST_CURSORS && oldest) cursors.delete(oldest)
      return page(exchange, id, cursor, 0)
    },
    queryMore(exchange, locator) {
      const [id = '', from = ''] = locator.split('-')
      const cursor = cursors.get(id)
      if (!cursor || !/^\d+$/.test(from)) {
        throw new ApiError(400, 'INVALID_QUERY_LOCATOR', 'invalid query locator')
      }
      return page(exchange, id, cursor, Number(from))
    },
    loseCursors: () => cursors.clear(),
  }
}

function batchSizeOf(exchange: Exchange, standard: number): number {
  const asked = /batchSize=(\d+)/i.exec(String(exchange.headers['sforce-query-options'] ?? ''))?.[1]
  if (asked === undefined) return standard
  return Math.min(LARGEST_BATCH, Math.max(SMALLEST_BATCH, Number(asked)))
}
