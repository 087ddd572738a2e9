// Opens the database: PostgreSQL by its address, else the embedded one in a folder. The same SQL runs on both.
import { Socket } from 'node:net'
import { Kysely, PostgresDialect } from 'kysely'
import { Pool, types } from 'pg'
import type { Log } from '../log.ts'
import { createPGlite, embeddedDialect } from './embedded.ts'
import { lockFolder } from './lock-file.ts'
import type { Tables } from './tables.ts'

export interface Database {
  db: Kysely<Tables>
  kind: 'postgres' | 'embedded'
  close: () => Promise<void>
}

/** 4 a process: small Heroku plans give 20 connections in all, and a deploy runs old and new dynos side by side. */
const POOL_SIZE = 4

/** A leader that was frozen inside a transaction must not hold its locks past the lease: PostgreSQL ends it. */
const IDLE_IN_TRANSACTION_MS = 5_000

/** A database that goes without a word (a failover, a frozen machine) leaves connections behind that TCP takes a quarter of an hour to
 *  end, and four of them are all. Longer than any statement takes but a migration's. */
const SILENT_MS = 60_000

/** Type ids of PostgreSQL's own catalogue: int8 as number (our counters stay far below 2^53), date as text. */
const INT8 = 20
const DATE = 1082

export interface DatabaseOptions {
  url: string | undefined
  tls: 'verify' | 'no-verify' | 'off'
  folder: string
  log: Log
  /** A connection from which nothing comes for so long is ended. */
  silentMs?: number
}

export async function openDatabase(options: DatabaseOptions): Promise<Database> {
  return options.url === undefined ? openEmbedded(options.folder) : openPostgres(options.url, options)
}

async function openEmbedded(folder: string): Promise<Database> {
  const unlock = lockFolder(folder)
  try {
    const pglite = await createPGlite(folder)
    const db = new Kysely<Tables>({ dialect: embeddedDialect(pglite) })
    return {
      db,
      kind: 'embedded',
      close: async () => {
        await db.destroy()
        if (!pglite.closed) await pglite.close()
        unlock()
      },
    }
  } catch (error) {
    unlock()
    throw error
  }
}

function openPostgres(url: string, { tls, log, silentMs = SILENT_MS }: DatabaseOptions): Database {
  const pool = new Pool({
    connectionString: withoutSslMode(url),
    max: POOL_SIZE,
    ssl:
      tls === 'off' || LOOPBACK.test(new URL(url).hostname)
        ? false
        : { rejectUnauthorized: tls === 'verify' },
    connectionTimeoutMillis: 10_000,
    keepAlive: true,
    stream: () => impatientSocket(silentMs),
    idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_MS,
    application_name: 'sales-insight-bridge',
    types: { getTypeParser: (oid, format) => parserOf(oid) ?? types.getTypeParser(oid, format) },
  })
  // Without listeners a lost connection would end the process: one for the idle ones, which the pool replaces by itself, one for
  // those in a transaction between two statements (ended as too long idle, say), whose next statement fails.
  pool.on('error', (error) => log.warn({ reason: error.message }, 'lost an idle database connection'))
  pool.on('connect', (client) =>
    client.on('error', (error) => log.debug({ reason: error.message }, 'lost a database connection')),
  )
  const db = new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) })
  return { db, kind: 'postgres', close: () => db.destroy() }
}

function impatientSocket(silentMs: number): Socket {
  const socket = new Socket()
  return socket.setTimeout(silentMs, () =>
    socket.destroy(
      Object.assign(new Error(`the database has not answered for ${silentMs / 1_000} s`), {
        code: 'ETIMEDOUT',
      }),
    ),
  )
}

const LOOPBACK = /^(localhost|127(\.\d+){3}|\[::1\])$/

/** An `sslmode` in the address would win over DATABASE_TLS in pg, and mean something else there than in libpq. */
function withoutSslMode(address: string): string {
  const url = new URL(address)
  url.searchParams.delete('sslmode')
  return url.href
}

function parserOf(oid: number): ((text: string) => unknown) | undefined {
  if (oid === INT8) return Number
  if (oid === DATE) return (text) => text
  return undefined
}
