// Two processes on one embedded database silently lose data, so a folder belongs to one process at a time.
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { BridgeError } from '../errors.ts'

/** Takes the folder for this process; a lock whose process is gone is taken over. Returns the release. */
export function lockFolder(folder: string): () => void {
  const path = join(folder, 'lock')
  const own = `${path}.${process.pid}`
  try {
    mkdirSync(folder, { recursive: true })
    writeFileSync(own, String(process.pid))
  } catch (error) {
    throw new BridgeError(
      'folder_unusable',
      `The embedded database can't use the folder ${folder}.`,
      'Set DATA_DIR to a folder that this process may write to, or DATABASE_URL to a PostgreSQL database.',
      { cause: error },
    )
  }
  try {
    for (let attempt = 0; attempt < 3; attempt++) {
      if (isFree(path, own)) return () => rmSync(path, { force: true })
      const pid = holderOf(path)
      if (pid !== undefined && pid !== process.pid && isAlive(pid)) throw inUse(folder, path, pid)
      removeStale(path, `${own}.stale`, pid)
    }
  } finally {
    rmSync(own, { force: true })
  }
  throw new BridgeError(
    'database_in_use',
    `The lock ${path} could not be taken.`,
    'Another process is starting on the same folder; start again.',
  )
}

/** Linked, not written: the lock is there with its process id at once, or not at all. */
function isFree(path: string, own: string): boolean {
  try {
    linkSync(own, path)
    return true
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false
    throw error
  }
}

function holderOf(path: string): number | undefined {
  try {
    return Number(readFileSync(path, 'utf8'))
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined
    throw error
  }
}

/** Moved away first: of two processes that find a stale lock only one moves that one, and who moved another's new lock puts it back. */
function removeStale(path: string, aside: string, stale: number | undefined): void {
  try {
    renameSync(path, aside)
    if (!Object.is(holderOf(aside), stale)) linkSync(aside, path)
  } catch (error) {
    if (!hasCode(error, 'ENOENT') && !hasCode(error, 'EEXIST')) throw error
  } finally {
    rmSync(aside, { force: true })
  }
}

function inUse(folder: string, path: string, pid: number): BridgeError {
  return new BridgeError(
    'database_in_use',
    `The embedded database in ${folder} is in use by process ${pid}.`,
    `Stop that process, or give this one its own DATA_DIR, or use PostgreSQL (DATABASE_URL). If no such service runs, delete ${path}.`,
  )
}

function isAlive(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return hasCode(error, 'EPERM')
  }
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}
