// Two processes on one embedded database silently lose data, so a folder belongs to one process at a time.
import { closeSync, mkdirSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { BridgeError } from '../errors.ts'

/** Takes the folder for this process; a lock whose process is gone is taken over. Returns the release. */
export function lockFolder(folder: string): () => void {
  mkdirSync(folder, { recursive: true })
  const path = join(folder, 'lock')
  for (let attempt = 0; attempt < 2; attempt++) {
    try {
      const file = openSync(path, 'wx')
      writeSync(file, String(process.pid))
      closeSync(file)
      return () => rmSync(path, { force: true })
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
      const pid = Number(readFileSync(path, 'utf8'))
      if (pid !== process.pid && isAlive(pid))
        throw new BridgeError(
          'database_in_use',
          `The embedded database in ${folder} is in use by process ${pid}.`,
          `Stop that process, or give this one its own DATA_DIR, or use PostgreSQL (DATABASE_URL). If no such service runs, delete ${path}.`,
        )
      rmSync(path, { force: true })
    }
  }
  throw new BridgeError(
    'database_in_use',
    `The lock ${path} could not be taken.`,
    'Another process is starting on the same folder; start again.',
  )
}

function isAlive(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}
