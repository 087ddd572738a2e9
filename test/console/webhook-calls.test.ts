import t from 'tap'
import { readWebhookCalls } from '../../src/console/webhook-calls.ts'
import { databaseKinds } from '../fixtures/databases.ts'
import { startMarketoSide } from '../fixtures/marketo.ts'
import { until } from '../fixtures/until.ts'
import { startWeb } from '../fixtures/web.ts'

const MINUTE = 60_000
const START = Date.parse('2026-11-23T12:00:00.000Z')

t.test(
  'runs of the schedule are noted with their usual pause; pages of one walk and Refresh now are no runs',
  async (t) => {
    const { db } = await (await databaseKinds()).at(-1)!.create(t)
    const marketo = await startMarketoSide(t)
    let now = START
    const web = await startWeb(t, db, { marketo, now: () => now })
    const run = async (at: number): Promise<unknown> => {
      now = START + at
      t.equal((await web.webhook({ cursor: null })).status, 200)
      return until('the note', async () => {
        const noted = await readWebhookCalls(db)
        return noted?.at === now && noted
      })
    }
    t.match(await run(0), { usualPauseMs: 0 })
    t.match(await run(15 * MINUTE), { usualPauseMs: 15 * MINUTE })
    t.match(await run(17 * MINUTE), { usualPauseMs: 15 * MINUTE }, 'the next page of the same walk')
    now = START + 25 * MINUTE
    const asked = await web.webhook({ ids: ['00Q5e000001AbCd'] })
    t.match(asked, { status: 200, body: { missing: [{ reason: 'not in Marketo' }] } })
    t.match(await run(32 * MINUTE), { usualPauseMs: 15 * MINUTE })
  },
)
