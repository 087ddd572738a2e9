// `npm run test:soak -- --minutes N [--seed S] [--at-once K] [--patient]`: histories of random seeds, one after the other, for as long as asked. Each
// failure is told with its seed; `--seed S --minutes 0` lives through that one alone. With `--patient` also what takes minutes to pass goes
// wrong: refused credentials and permissions, a busy streaming server, the quotas of a day, bulk jobs.
import { parseArgs } from 'node:util'
import { databaseKinds, type TestContext } from '../fixtures/databases.ts'
import { addUp, tellEachHit, tellHits, type Counts } from './encounters.ts'
import { play, type Place } from './play.ts'

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '5' },
    seed: { type: 'string' },
    'at-once': { type: 'string', default: '2' },
    patient: { type: 'boolean', default: false },
  },
})
const ROUNDS = 5
const deadline = Date.now() + Number(values.minutes) * 60_000
const kinds = await databaseKinds()
const embedded = kinds.find(({ name }) => name === 'embedded')!
const postgres = kinds.find(({ name }) => name === 'postgres')

let next = Number(values.seed ?? Math.floor(Math.random() * 100_000_000) * 10)
let lived = 0
const failed: number[] = []
const met: Counts[] = []
let embeddedIsTaken = false

/** The place depends on the seed, so that the seed alone plays a history again. */
function placeOf(seed: number): Place {
  const patient = values.patient
  if (!postgres) return { name: 'embedded', kind: embedded, processes: false, patient }
  if (seed % 3 === 0) return { name: 'processes', kind: postgres, processes: true, patient }
  if (seed % 10 === 7 && !embeddedIsTaken)
    return { name: 'embedded', kind: embedded, processes: false, patient }
  return { name: 'postgres', kind: postgres, processes: false, patient }
}

async function live(seed: number): Promise<void> {
  const place = placeOf(seed)
  if (place.kind === embedded) embeddedIsTaken = true
  const endings: (() => unknown)[] = []
  const t: TestContext = { teardown: (fn) => void endings.unshift(fn) }
  const began = Date.now()
  try {
    const { summary, counts } = await play(t, seed, place, ROUNDS)
    lived += ROUNDS
    met.push(counts)
    console.log(
      `seed ${seed} (${place.name}): in step, ${summary}, ${Math.round((Date.now() - began) / 1000)} s`,
    )
  } catch (error) {
    failed.push(seed)
    console.log(String(error))
  }
  for (const end of endings) await end()
  if (place.kind === embedded) embeddedIsTaken = false
}

async function goOn(): Promise<void> {
  do await live(next++)
  while (Date.now() < deadline)
}

await Promise.all(Array.from({ length: values.minutes === '0' ? 1 : Number(values['at-once']) }, goOn))
const counts = addUp(met)
for (const line of tellEachHit(counts)) console.log(`  ${line}`)
console.log(
  `${lived} rounds ended in step, ${tellHits(counts)}; histories that did not: ${failed.join(', ') || 'none'}`,
)
process.exit(failed.length > 0 ? 1 : 0)
