// Whoever ALERT_URL belongs to hears what needs a person, once, whichever process leads.
import t from 'tap'
import { SECRET_PATH, startReceiver } from '../console/fixtures/receiver.ts'
import { databaseKinds } from '../fixtures/databases.ts'
import { until } from '../fixtures/until.ts'
import { smallOrg } from './fixtures/organisation.ts'
import { startInstallation } from './fixtures/processes.ts'

t.setTimeout(120_000)

const postgres = (await databaseKinds()).find(({ name }) => name === 'postgres')
const CROWD = 120

t.test(
  'A stopped mass removal and a day that is used up are told, also while the receiver is down at first, and not again by the next leader',
  { skip: postgres === undefined && 'two processes need PostgreSQL' },
  async (t) => {
    const receiver = await startReceiver(t)
    receiver.answer((response) => response.writeHead(503).end())
    let crowd: string[] = []
    const { db, salesforce, marketo, processes, start, leader, quiet, log } = await startInstallation(t, {
      kind: postgres!,
      processes: 2,
      env: { ALERT_URL: receiver.url, LOG_LEVEL: 'trace' },
      org: (org) => {
        smallOrg(org)
        crowd = org.insert(
          'Lead',
          Array.from({ length: CROWD }, (_, n) => ({ LastName: `L${n}`, Company: 'Crowd' })),
        )
      },
    })
    const first = await leader()
    await quiet(30_000)
    t.strictSame(receiver.requests(), 0, 'nothing is told of an installation that works')

    salesforce.org.delete('Lead', crowd)
    await until('the receiver to refuse', () => receiver.requests() > 0, 30_000)
    receiver.answer((response) => response.end('ok'))
    await until('the alert', () => receiver.told.length > 0, 30_000)
    t.match(receiver.told, [
      { event: 'begun', code: 'mass-removal:Lead', reason: /120 Lead/, advice: /confirm/ },
    ])

    first.signal('SIGKILL')
    await start()
    await leader(30_000)
    await until(
      'the new leader to stop the removal, too',
      async () => {
        await db.updateTable('changes').set({ due: new Date() }).execute()
        return db.selectFrom('problems').selectAll().where('system', '=', 'removals').executeTakeFirst()
      },
      30_000,
    )
    marketo.faults.add({ kind: 'error', code: '607' })
    salesforce.org.insert('Lead', { LastName: 'Late', Company: 'X' })
    await until('the second alert', () => receiver.told.length > 1, 30_000)
    t.match(receiver.told.slice(1), [{ event: 'begun', system: 'marketo', code: '607' }])
    t.notMatch(log.join(''), SECRET_PATH)
    t.equal(processes.length, 3)
  },
)
