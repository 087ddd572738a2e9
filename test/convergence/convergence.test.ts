// The promise, as a property: whatever happens and whatever fails, Marketo converges to what Salesforce holds. A seed plays a history
// again: CONVERGENCE_SEED=… node test/convergence/convergence.test.ts; `npm run test:soak -- --minutes N` goes on with others.
import t from 'tap'
import { databaseKinds } from '../fixtures/databases.ts'
import { missingIn } from './coverage.ts'
import { addUp, tellEachHit, tellHits, type Counts } from './encounters.ts'
import { historyOf, play, type Place } from './play.ts'

/** Chosen among many: between them its histories have every deed, every trouble that passes within seconds, and every blow. */
const CHOSEN_SEED = 32_995
const seed = Number(process.env['CONVERGENCE_SEED'] ?? CHOSEN_SEED)
/** Each round of a history is a case, which begins where the one before has led to: histories side by side, 25 cases. Of those with
 *  kills and frozen leaders, and of those on the embedded database, which take longer, there are fewer. */
const ROUNDS = [3, 3, 4, 4, 4, 4, 3]

const kinds = await databaseKinds()
const embedded = kinds.find(({ name }) => name === 'embedded')!
const postgres = kinds.find(({ name }) => name === 'postgres')
t.comment(`seed ${seed}`)
if (!postgres) t.comment('no PostgreSQL answers: one history on the embedded database, no kills')
t.setTimeout(600_000)
t.jobs = ROUNDS.length

const within = { name: 'embedded', kind: embedded, processes: false }
const places: Place[] = postgres
  ? [
      { name: 'processes that are killed', kind: postgres, processes: true },
      within,
      ...ROUNDS.slice(2).map(() => ({ name: 'postgres', kind: postgres, processes: false })),
    ]
  : [within]

const roundsOf = (n: number): number => ROUNDS[n] ?? 5

// Started before the others begin: it holds the process up for seconds.
await embedded.create(t)

if (postgres && seed === CHOSEN_SEED)
  t.test('everything that can happen and go wrong does so in one of the histories', async (t) => {
    t.strictSame(missingIn(places.map((place, n) => historyOf(seed + n, place, roundsOf(n)))), [])
  })

const met: Counts[] = []
await Promise.all(
  places.map((place, n) =>
    t.test(
      `history ${seed + n} (${place.name}): in step after every round`,
      { buffered: true },
      async (t) => {
        const { summary, counts } = await play(t, seed + n, place, roundsOf(n))
        t.pass(summary)
        met.push(counts)
      },
    ),
  ),
)
const counts = addUp(met)
t.comment([tellHits(counts), ...tellEachHit(counts)].join('\n  '))
