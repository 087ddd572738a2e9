// What a client of the webhook may rely on, however values change while it walks and whatever it sends.
import t from 'tap'
import * as fc from 'fast-check'
import {
  forgetInsights,
  rekeyInsight,
  storeInsights,
  type InsightValues,
} from '../../src/database/insights.ts'
import { readSince } from '../../src/insights/read-since.ts'
import { databaseKinds } from '../fixtures/databases.ts'
import { startMarketoSide } from '../fixtures/marketo.ts'
import { personId } from '../fixtures/persons.ts'
import { until } from '../fixtures/until.ts'
import { startWeb } from '../fixtures/web.ts'

const kinds = await databaseKinds()
const PERSONS = 12

const valuesOf = (priority: number | null): InsightValues => ({
  type: null,
  date: null,
  description: null,
  source: null,
  priority,
  urgency: null,
  relativeScore: null,
})

type Move =
  | { do: 'write'; person: number; value: number | null }
  | { do: 'rekey'; from: number; to: number }
  | { do: 'forget'; person: number }
  | { do: 'page'; limit: number }
  | { do: 'repeat' }

const person = fc.nat(PERSONS - 1)
const move: fc.Arbitrary<Move> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('write'), person, value: fc.option(fc.nat(3)) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('rekey'), from: person, to: person }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('forget'), person }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('page'), limit: fc.integer({ min: 1, max: 4 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('repeat') }) },
)

for (const kind of kinds)
  t.test(`on ${kind.name} a client that walks while values change ends with what is true`, async (t) => {
    const { db } = await kind.create(t)
    let clock = Date.UTC(2026, 0, 1)
    let generation = 0

    await fc.assert(
      fc.asyncProperty(fc.array(move, { maxLength: 60 }), async (moves) => {
        generation += 1
        const idOf = (n: number): string => personId(generation * 100 + n)
        const truth = new Map<string, number | null>()
        const seen = new Map<string, number | null>()
        let cursor: string | null = null
        let before: string | null = null

        async function page(limit: number): Promise<boolean> {
          const answer = await readSince(db, cursor, limit)
          if ('reason' in answer) throw new Error(answer.reason)
          before = cursor
          cursor = answer.cursor
          for (const record of answer.records) seen.set(record.id, record.priority)
          return answer.hasMore
        }

        for (const move of moves) {
          if (move.do === 'write') {
            const id = idOf(move.person)
            const readAt = new Date((clock += 1_000))
            await storeInsights(db, [{ id, marketoId: '1', values: valuesOf(move.value), readAt }])
            if (move.value !== null || truth.has(id)) truth.set(id, move.value)
          } else if (move.do === 'rekey' && move.from !== move.to) {
            const [from, to] = [idOf(move.from), idOf(move.to)]
            await db.transaction().execute((trx) => rekeyInsight(trx, from, to))
            if (truth.has(from)) truth.set(to, truth.get(from)!)
            truth.delete(from)
          } else if (move.do === 'forget') {
            await forgetInsights(db, [idOf(move.person)])
            truth.delete(idOf(move.person))
          } else if (move.do === 'page') await page(move.limit)
          else if (move.do === 'repeat') {
            cursor = before
            await page(3)
          }
        }
        // The walk that is under way ends, and one more sees the rest; nothing changes any more.
        for (let walk = 0; walk < 2; walk++) {
          let pages = 0
          while (await page(2)) if (++pages > 10_000) throw new Error('the walk does not end')
        }
        for (const [id, value] of truth)
          if (seen.get(id) !== value) throw new Error(`${id} is ${value}, the client has ${seen.get(id)}`)
        await forgetInsights(db, [...truth.keys()])
      }),
      { numRuns: kind.name === 'embedded' ? 40 : 25 },
    )
    t.pass()
  })

const HOSTILE = [
  '',
  '{',
  'null',
  '\ufeff{"cursor":null}',
  '{"cursor":null,"cursor":null}',
  '{"cursor":null,"limit":1e999}',
  '{"cursor":null,"limit":-0}',
  '{"__proto__":{"cursor":null}}',
  '{"constructor":{"prototype":{"ids":[]}}}',
  '{"cursor":"\\ud800"}',
  '{"ids":["\\u0000\\u0000\\u0000\\u0000\\u0000\\u0000\\u0000\\u0000\\u0000\\u0000\\u0000\\u0000\\u0000\\u0000\\u0000"]}',
  `{"ids":${'['.repeat(50_000)}${']'.repeat(50_000)}}`,
  `${'{"a":'.repeat(20_000)}1${'}'.repeat(20_000)}`,
  `{"ids":[${Array.from({ length: 5_000 }, (_, n) => n).join(',')}]}`,
  `{${Array.from({ length: 5_000 }, (_, n) => `"k${n}":1`).join(',')}}`,
  `{"cursor":"${'A'.repeat(500_000)}"}`,
]

t.test('no body whatever makes the webhook fail', async (t) => {
  const { db } = await kinds[0]!.create(t)
  const marketo = await startMarketoSide(t)
  // Several, each with its own count of requests: the limit is another test's.
  const webs = await Promise.all([1, 2, 3, 4].map(() => startWeb(t, db, { marketo })))
  const { cursor } = (await readSince(db, null, 1)) as { cursor: string }
  const text = fc.oneof(
    fc.string(),
    fc.string({ unit: 'binary' }),
    fc.constantFrom(cursor, '', '\u0000', '\ud800', 'null', personId(1), `${personId(1)} `, '0'.repeat(18)),
    fc.string().map((noise) => Buffer.from(noise).toString('base64url')),
  )
  const body = fc.oneof(
    fc.record(
      {
        cursor: fc.oneof(text, fc.constant(null), fc.anything()),
        ids: fc.oneof(fc.array(text), fc.anything()),
        limit: fc.oneof(fc.integer(), fc.double(), fc.anything()),
        extra: fc.anything(),
      },
      { requiredKeys: [] },
    ),
    fc.record({ cursor: fc.constantFrom(cursor, null), limit: fc.integer({ min: -1, max: 3 }) }),
    fc.anything(),
  )
  const raw = fc.oneof(
    { weight: 4, arbitrary: body.map((value) => jsonOf(value)) },
    { weight: 1, arbitrary: fc.string({ unit: 'binary' }) },
    { weight: 1, arbitrary: fc.constantFrom(...HOSTILE) },
  )
  const bodies = fc.sample(raw, { numRuns: 2_000, seed: 7 })
  const statuses = new Map<number, number>()
  for (let at = 0; at < bodies.length; at += 16)
    await Promise.all(
      bodies.slice(at, at + 16).map(async (body, i) => {
        // As the Apex job does, whoever is told that the service is overloaded asks again: the test's own load can be the reason.
        const { status, body: answer } = await until('an answer without overload', async () => {
          const answered = await webs[(at + i) % webs.length]!.webhook(body)
          return answered.headers.has('retry-after') ? undefined : answered
        })
        statuses.set(status, (statuses.get(status) ?? 0) + 1)
        if (status !== 200 && (status !== 400 || typeof answer.message !== 'string'))
          t.fail(`${status} for ${body.slice(0, 200)}`)
      }),
    )
  t.ok((statuses.get(400) ?? 0) > 1_000)
  t.ok((statuses.get(200) ?? 0) > 10)
  t.equal((await webs[0]!.webhook({ cursor: null })).status, 200, 'and it still works')
  t.strictSame(
    webs.flatMap((web) => web.logged).filter((line) => /"level":"(error|warn)"/.test(line)),
    [],
  )
})

function jsonOf(value: unknown): string {
  try {
    return JSON.stringify(value) ?? ''
  } catch {
    // A bigint, or a toJSON of its own.
    return '{'
  }
}
