// Marketo's day turns: what its quota held back goes on by itself (design §5, rule 11). A file of its own, because the clock is set.
import t from 'tap'
import { setClock } from '../fixtures/clock.ts'
import { until } from '../fixtures/until.ts'
import { centralDay } from '../simulators/marketo/central-day.ts'
import { smallOrg } from './fixtures/organisation.ts'
import { storyTeller } from './fixtures/story.ts'

const { story } = await storyTeller()

/** Long enough for the service to start and the backfill to end. */
const BEFORE_MIDNIGHT_MS = 20_000
const midnight = centralDay(Date.now()).end
setClock(t, midnight - BEFORE_MIDNIGHT_MS)

const CROWD = 50
const DAILY_CALLS = 50_000

story(
  'Somebody else has used up the day: after midnight US Central everything that was edited meanwhile is in Marketo',
  {
    org: (org) => ({
      ...smallOrg(org),
      crowd: org.insert(
        'Lead',
        Array.from({ length: CROWD }, (_, n) => ({ LastName: `L${n}`, Company: 'Crowd' })),
      ),
    }),
    marketo: { dailyCalls: DAILY_CALLS, now: () => Date.now() },
    impatient: true,
  },
  async (t, { org, ids, instance, marketo, status, parked, newCalls, inStep, person }) => {
    instance.otherConsumerCalls(DAILY_CALLS)
    org.update('Lead', ids.lena, { Title: 'Over quota' })
    await until('the pause', async () => (await status()).problems.some(({ code }) => code === '607'))
    t.ok(Date.now() < midnight, 'before midnight')

    newCalls()
    const late = org.insert('Contact', { LastName: 'New', AccountId: ids.acme, OwnerId: ids.bob })
    for (const id of ids.crowd) org.update('Lead', id, { Title: 'Meanwhile' })
    org.update('Account', ids.acme, { Website: 'meanwhile.example' })
    org.delete('OpportunityContactRole', ids.role)
    org.delete('Lead', ids.crowd[0]!)
    await until('midnight', () => Date.now() >= midnight, BEFORE_MIDNIGHT_MS)
    t.ok(newCalls().filter(({ at }) => at < midnight).length <= 1, 'until then at most the one probing call')
    t.strictSame([...(await parked())], [])

    await inStep({ deadlineMs: 30_000 })
    t.equal(person(ids.lena).fields.title, 'Over quota')
    t.ok(person(late))
    t.equal(instance.findLeads('title', 'Meanwhile').length, CROWD - 1)
    t.strictSame(instance.findLeads('externalPersonId', ids.crowd[0]!), [])
    t.strictSame([...(await parked())], [])
    await until('the problem to be over', async () => (await status()).problems.length === 0)
    t.ok((marketo.calls.codes()['607'] ?? 0) <= 2, 'Marketo was not asked in vain')
  },
)
