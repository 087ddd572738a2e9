// How often the org is looked through counts from the last time, not from the begin of a leader's term (design §5, rule 3): dynos are
// restarted daily.
import { readConfig } from '../../src/config.ts'
import { createLog } from '../../src/log.ts'
import { openDatabase } from '../../src/database/connection.ts'
import { readState, writeState } from '../../src/database/state.ts'
import type { Db } from '../../src/database/tables.ts'
import { serveOn } from '../../src/service.ts'
import { environmentOf } from '../fixtures/bridge.ts'
import { until } from '../fixtures/until.ts'
import { storyTeller } from './fixtures/story.ts'

const { story } = await storyTeller()

story(
  'A census and a reconcile are due since the last one, or since the first backfill, however short the terms are',
  {},
  async (t, { databaseUrl, service, salesforce, marketo }) => {
    if (databaseUrl === undefined) return t.comment('the embedded database ends with its process')
    await service.close()
    const log = createLog('silent')
    const database = await openDatabase({ url: databaseUrl, tls: 'off', folder: '', log })
    const { db } = database
    t.equal(await readState(db, 'census'), undefined)
    await setBack(db, 'backfill', 'startedAt', 25)
    const lastRunAt = await setBack(db, 'reconcile', 'lastRunAt', 2)
    const second = await serveOn(readConfig(environmentOf(salesforce, marketo)), database, log)
    t.teardown(() => second.close())
    await until('a census', () => readState(db, 'census'), 20_000)
    await until('a reconcile', async () => {
      const state = await readState<{ lastRunAt: string }>(db, 'reconcile')
      return state?.lastRunAt !== lastRunAt
    })
  },
)

async function setBack(db: Db, key: string, field: string, hours: number): Promise<string> {
  const then = new Date(Date.now() - hours * 3_600_000).toISOString()
  await writeState(db, key, { ...(await readState(db, key)), [field]: then })
  return then
}
