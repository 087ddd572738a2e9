// The demo as people start it: a process of its own, told by its output, its exit code and what it leaves behind.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import type { TestContext } from './fixtures/databases.ts'
import { POSTGRES_URL, postgresAnswers } from './fixtures/postgres.ts'
import { until } from './fixtures/until.ts'

// They wait for most of their time.
t.jobs = 3

const DEMO = fileURLToPath(new URL('demo.ts', import.meta.url))
const BUSY_MACHINE_MS = 60_000

const OBJECTS = ['User', 'Account', 'Lead', 'Contact', 'Opportunity', 'OpportunityContactRole']

const EXPORT: Record<string, string> = {
  'User.csv': `Id,Username,LastName,Email,IsActive
0055e0000000001AAA,una@sales.example,Berg,una@sales.example,true`,
  'Account.csv': `Id,Name,OwnerId,Shoe_Size__c
0015e0000000001AAA,"Nordlicht ""N"", Kiel",0055e0000000001AAA,44
0015e0000000002,Fjord,0055e0000000001AAA,43`,
  'Contact.csv': `Id,LastName,Email,AccountId,OwnerId
0035e0000000001AAA,Wei,wei@nordlicht.example,0015e0000000001AAA,0055e0000000001AAA
0035e0000000002AAA,Too,few`,
  'Opportunity.csv': `Id,Name,AccountId,OwnerId,StageName,CloseDate,Amount
0065e0000000001AAA,"GTX
Pro",0015e0000000009AAA,0055e0000000001AAA,Prospecting,2026-12-24,1054.5
0065e0000000002AAA,Broken,0015e0000000001AAA,0055e0000000001AAA,Prospecting,someday,1`,
  'OpportunityContactRole.csv': `Id,OpportunityId,ContactId,Role,IsPrimary
00K5e0000000001EAA,0065e0000000001AAA,0035e0000000001AAA,,true`,
}

t.test(
  'an export goes to Marketo and its values come back, with a verdict for programs',
  { buffered: true },
  async (t) => {
    const folder = await temporary(t)
    for (const [file, text] of Object.entries(EXPORT)) await writeFile(join(folder, file), text)
    const demo = await startDemo(t, [
      '--data',
      folder,
      '--once',
      '--json',
      '--port',
      '0',
      '--match-by-email',
      'false',
    ])
    t.equal(await demo.ended, 0, demo.said())
    t.match(demo.said(), /note: Account\.csv: .*Shoe_Size__c/)
    t.match(demo.said(), /note: Lead\.csv is missing/)
    t.match(demo.said(), /left out: Contact\.csv, line 3: 3 values for 5 columns/)
    t.match(demo.said(), /left out: Opportunity\.csv, line 4: .*someday/, 'lines count, not rows')
    t.match(demo.said(), /note: Opportunity\.csv: 1 of AccountId name a record that the export does not have/)
    const verdict = JSON.parse(demo.said().trim().split('\n').at(-1)!) as Record<string, unknown>
    t.strictSame(Object.keys(verdict), [
      'ok',
      'objects',
      'marketoCalls',
      'marketoCallFloor',
      'insights',
      'seconds',
      'peakRssMb',
    ])
    const count = (records: number): unknown => ({ salesforce: records, marketo: records, refused: 0 })
    t.strictSame(verdict.objects, {
      User: count(1),
      Account: count(2),
      Lead: count(0),
      Contact: count(1),
      Opportunity: count(1),
      OpportunityContactRole: count(1),
    })
    t.match(verdict, { ok: true, marketoCallFloor: 5, seconds: Number, peakRssMb: Number })
    const { expected, written } = verdict.insights as Record<string, number>
    t.ok(expected! > 0)
    t.equal(written, expected)
    for (const object of OBJECTS) t.match(demo.said(), `│ ${object} `)
    t.strictSame(await leftBehind(demo.temp), [])
  },
)

t.test('an organisation lives on until Ctrl-C, which ends everything', { buffered: true }, async (t) => {
  const database = (await postgresAnswers()) ? ['--database-url', POSTGRES_URL] : []
  const folder = await temporary(t)
  for (const [file, text] of Object.entries(EXPORT)) await writeFile(join(folder, file), text)
  const demo = await startDemo(t, ['--data', folder, '--port', '0', ...database])
  await demo.says(/http:\/\/localhost:\d+/)
  t.match(demo.said(), /curl -H "Authorization: Bearer \S+" http:\/\/localhost:\d+\/api\/status/)
  t.match(demo.said(), /\/api\/records\/00[3Q]\w{15}/)
  await demo.says(/^Salesforce {2}\w/m)
  await demo.says(/^Marketo {5}\w/m)
  await demo.says(/^ {2}Marketo now has \d/m)
  await demo.says(/^Apex job {4}brought \d/m)
  const status = /"(Authorization: Bearer \S+)" (http:\S+)\/api\/status/.exec(demo.said())!
  const [name = '', value = ''] = status[1]!.split(': ')
  const answer = await fetch(`${status[2]}/api/status`, { headers: { [name]: value } })
  t.match(await answer.json(), { leader: true, stream: { state: 'live' } })
  // As npm passes it on: twice at once.
  demo.interrupt()
  demo.interrupt()
  t.equal(await demo.ended, 0, demo.said())
  t.strictSame(await leftBehind(demo.temp), [])
  await t.rejects(fetch(`${status[2]}/health/live`), 'the service is gone')
})

t.test('Ctrl-C while it is still starting ends everything too', { buffered: true }, async (t) => {
  const demo = await startDemo(t, ['--port', '0'])
  await demo.says(/Starting the service/)
  await until('a temporary folder', async () => (await readdir(demo.temp)).length > 0)
  demo.interrupt()
  t.equal(await demo.ended, 0, demo.said())
  t.strictSame(await leftBehind(demo.temp), [])
})

t.test('a taken port is told in a sentence, with the way out', { buffered: true }, async (t) => {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  const { port } = server.address() as AddressInfo
  const demo = await startDemo(t, ['--port', String(port)])
  t.equal(await demo.ended, 1)
  t.match(demo.said(), `Port ${port} is taken by another program. Choose another one: npm run demo -- --port`)
})

t.test(
  'what can not be understood is told in a sentence, with exit code 2',
  { buffered: true },
  async (t) => {
    const demo = await startDemo(t, ['--speed', '9'])
    t.equal(await demo.ended, 2)
    t.match(demo.said(), "Unknown option '--speed'")
  },
)

interface Demo {
  /** Where it may put temporary folders. */
  temp: string
  ended: Promise<number | string>
  said: () => string
  says: (what: RegExp) => Promise<unknown>
  interrupt: () => void
}

async function startDemo(t: TestContext, args: string[]): Promise<Demo> {
  const temp = await temporary(t)
  const child = spawn(process.execPath, [DEMO, ...args], {
    env: { PATH: process.env.PATH ?? '', TMPDIR: temp, TEMP: temp },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let said = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (said += text))
  let isOver = false
  const ended = new Promise<number | string>((resolve) =>
    child.once('close', (code, signal) => {
      isOver = true
      resolve(signal ?? code ?? 'unknown')
    }),
  )
  t.teardown(async () => {
    if (!isOver) child.kill('SIGTERM')
    await ended
  })
  return {
    temp,
    ended,
    said: () => said,
    says: (what) =>
      until(
        String(what),
        () => {
          if (isOver) throw new Error(`it ended without saying ${String(what)}:\n${said}`)
          return what.test(said)
        },
        BUSY_MACHINE_MS,
      ),
    interrupt: () => void child.kill('SIGINT'),
  }
}

/** Files in its temporary folder, and (on Linux) processes that were started with it. */
async function leftBehind(temp: string): Promise<string[]> {
  const files = await readdir(temp)
  if (!existsSync('/proc/self/environ')) return files
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  const living = await Promise.all(
    pids.map(async (pid) => {
      const environment = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '')
      return environment.includes(temp) ? [`process ${pid}`] : []
    }),
  )
  return [...files, ...living.flat()]
}

async function temporary(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'demo-test-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  return folder
}
