import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import t, { type Test } from 'tap'

/** The process, when it has said where it listens. */
async function run(t: Test, ...args: string[]) {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'main.ts'), '--port', '0', ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  t.teardown(() => child.kill('SIGKILL'))
  for await (const line of createInterface({ input: child.stdout })) {
    const url = /Salesforce simulator at (\S+)/.exec(line)?.[1]
    if (url) return { child, url }
  }
  throw new Error('main.ts ended without a word')
}

t.test('it runs alone, is controlled over HTTP and stops on SIGTERM', async (t) => {
  const { child, url } = await run(
    t,
    '--generate',
    '--people',
    '50',
    '--accounts',
    '5',
    '--opportunities',
    '5',
  )
  const control = async (path: string, args?: unknown) => {
    const init = args === undefined ? {} : { method: 'POST', body: JSON.stringify(args) }
    const response = await fetch(`${url}/_control/${path}`, init)
    const body: unknown = await response.json()
    return { status: response.status, body }
  }
  t.match((await control('counts')).body, { rows: { User: 25, Account: 5 }, published: 0 })
  const { body: id } = await control('org/insert', ['Lead', { LastName: 'A', Company: 'x' }])
  t.match(id, /^00Q/)
  t.match((await control('org/get', ['Lead', id])).body, { LastName: 'A' })
  t.match((await control('events')).body, [{ payload: { Record_Ids__c: id } }])
  await control('faults/status', [503])
  t.equal((await fetch(`${url}/services/data`)).status, 503)
  t.match((await control('calls')).body, [{ path: '/services/data', status: 503 }])
  t.match((await control('options', [{ batchSize: 300 }])).body, { batchSize: 300 })
  t.equal((await control('org/nonsense', [])).status, 404)
  t.match(await control('org/insert', ['Lead', {}]), {
    status: 400,
    body: { error: /REQUIRED_FIELD_MISSING/ },
  })
  child.kill('SIGTERM')
  const [code] = (await once(child, 'exit')) as [number | null]
  t.equal(code, 0)
})
