// What an admin asked for is done, also when Salesforce does not answer at that moment (design §7).
import { until } from '../fixtures/until.ts'
import { storyTeller } from './fixtures/story.ts'

const { story } = await storyTeller()

story(
  'A backfill that Salesforce could not be asked for at first is done when it answers again',
  {},
  async (t, { api, salesforce, log, status, newCalls, inStep }) => {
    const ask = () => api('/api/backfill', { method: 'POST', body: { objects: ['Lead'], force: true } })
    await until('the first backfill to be done', async () => (await status()).backfill.state === 'done')
    const down = salesforce.faults.status(503, { kind: 'query', times: Number.POSITIVE_INFINITY })
    t.match(await ask(), { status: 202 })
    await until(
      'the first attempt to fail',
      () => log.some((line) => line.includes('command backfill')),
      30_000,
    )
    t.match(await ask(), { status: 409 }, 'it is still to be done')
    const told = async () => (await status()).problems.find(({ code }) => code === 'command:backfill')
    t.match(await until('the problem', told), { system: 'sync', reason: /backfill/, advice: /.{20}/ })
    newCalls()
    down.remove()
    await until(
      'the lead to be sent again',
      () => newCalls().some(({ endpoint, action }) => endpoint === 'leads.json' && action !== undefined),
      30_000,
    )
    await until('the backfill to be done', async () => (await status()).backfill.state === 'done')
    t.equal(await told(), undefined)
    t.match(await ask(), { status: 202 }, 'and another one may be asked for')
    await inStep()
  },
)
