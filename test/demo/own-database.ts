// A PostgreSQL database for one run of the demo, dropped at its end.
import { randomBytes } from 'node:crypto'
import { Client } from 'pg'
import { DemoFailure } from './failure.ts'

export interface OwnDatabase {
  url: string
  drop: () => Promise<void>
}

export async function createOwnDatabase(serverUrl: string): Promise<OwnDatabase> {
  const name = `bridge_demo_${randomBytes(6).toString('hex')}`
  const server = new URL(serverUrl)
  if (server.pathname === '' || server.pathname === '/') server.pathname = '/postgres'
  await administer(server, `create database ${name}`)
  const own = new URL(server)
  own.pathname = `/${name}`
  return { url: own.href, drop: () => administer(server, `drop database if exists ${name} with (force)`) }
}

async function administer(server: URL, statement: string): Promise<void> {
  const client = new Client({ connectionString: server.href, connectionTimeoutMillis: 5_000 })
  try {
    await client.connect()
    await client.query(statement)
  } catch (error) {
    const reason = error instanceof Error && error.message !== '' ? error.message : String(error)
    throw new DemoFailure(`PostgreSQL at ${server.host} did not do "${statement}": ${reason}`)
  } finally {
    await client.end().catch(() => undefined)
  }
}
