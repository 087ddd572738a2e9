// A database of one scenario's own: a new one on a PostgreSQL server, or a new folder for the embedded one.
import { randomBytes } from 'node:crypto'
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from 'pg'

export type DatabaseName = 'postgres' | 'embedded'

export interface OwnDatabase {
  name: DatabaseName
  environment: Record<string, string>
  url: string | undefined
  folder: string
  bytes: () => Promise<number>
}

export async function createDatabase(
  open: AsyncDisposableStack,
  name: DatabaseName,
  serverUrl: string,
): Promise<OwnDatabase> {
  const folder = await mkdtemp(join(tmpdir(), 'bridge-bench-'))
  open.defer(() => rm(folder, { recursive: true, force: true }))
  if (name === 'embedded')
    return { name, folder, url: undefined, environment: { DATA_DIR: folder }, bytes: () => sizeOf(folder) }
  const database = `bridge_bench_${randomBytes(6).toString('hex')}`
  open.defer(
    async () => void (await administer(serverUrl, `drop database if exists ${database} with (force)`)),
  )
  await administer(serverUrl, `create database ${database}`)
  const url = new URL(serverUrl)
  url.pathname = `/${database}`
  return {
    name,
    folder,
    url: url.href,
    environment: { DATABASE_URL: url.href },
    bytes: async () => Number(await administer(url.href, `select pg_database_size(current_database())`)),
  }
}

async function administer(url: string, statement: string): Promise<unknown> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 5_000 })
  await client.connect()
  try {
    const { rows } = await client.query<Record<string, unknown>>(statement)
    return Object.values(rows[0] ?? {})[0]
  } finally {
    await client.end()
  }
}

async function sizeOf(folder: string): Promise<number> {
  let bytes = 0
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true }))
    if (entry.isFile()) bytes += (await stat(join(entry.parentPath, entry.name))).size
  return bytes
}
