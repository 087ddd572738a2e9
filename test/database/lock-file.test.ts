import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import t from 'tap'
import { lockFolder } from '../../src/database/lock-file.ts'
import type { TestContext } from '../fixtures/databases.ts'

function folderOf(t: TestContext): string {
  const folder = join(mkdtempSync(join(tmpdir(), 'bridge-lock-')), 'data')
  t.teardown(() => rmSync(join(folder, '..'), { recursive: true }))
  return folder
}

/** The id of a process that is gone. */
async function goneProcess(): Promise<number> {
  const child = spawn(process.execPath, ['--version'], { stdio: 'ignore' })
  await new Promise((resolve) => child.on('exit', resolve))
  return child.pid!
}

async function hold(t: TestContext, folder: string, at = 0): Promise<string> {
  const script = join(import.meta.dirname, 'fixtures', 'hold-folder.ts')
  const child = spawn(process.execPath, [script, folder, String(at)], { stdio: ['pipe', 'pipe', 'inherit'] })
  t.teardown(() => {
    child.stdin.end()
    return new Promise((resolve) =>
      child.exitCode === null ? child.on('exit', resolve) : resolve(undefined),
    )
  })
  for await (const line of createInterface(child.stdout)) return line
  throw new Error('the process said nothing')
}

t.test('a folder is made, taken, and free again after its release', async (t) => {
  const folder = folderOf(t)
  const release = lockFolder(folder)
  t.strictSame(readdirSync(folder), ['lock'])
  release()
  t.strictSame(readdirSync(folder), [])
  lockFolder(folder)()
})

t.test('what is left of a dead process, or is no lock at all, is taken over', async (t) => {
  const folder = folderOf(t)
  mkdirSync(folder)
  for (const content of [String(await goneProcess()), 'garbage', '', '-1', String(process.pid)]) {
    writeFileSync(join(folder, 'lock'), content)
    const release = lockFolder(folder)
    t.ok(existsSync(join(folder, 'lock')), JSON.stringify(content))
    release()
  }
})

t.test('a second process gets a sentence that says what to do', async (t) => {
  const folder = folderOf(t)
  mkdirSync(folder)
  writeFileSync(join(folder, 'lock'), String(process.ppid))
  try {
    lockFolder(folder)
    t.fail('it is in use')
  } catch (error) {
    t.match(error, { code: 'database_in_use', message: `in use by process ${process.ppid}` })
    t.match(error, { advice: /DATA_DIR|DATABASE_URL/ })
  }
  t.strictSame(readdirSync(folder), ['lock'], 'and leaves nothing behind')
})

t.test('of processes that start at once on a stale lock, one takes the folder', async (t) => {
  const folder = folderOf(t)
  mkdirSync(folder)
  writeFileSync(join(folder, 'lock'), String(await goneProcess()))
  const at = Date.now() + 1_500
  const said = await Promise.all([1, 2, 3].map(() => hold(t, folder, at)))
  t.equal(said.filter((line) => line === 'taken').length, 1, said.join('\n'))
})
