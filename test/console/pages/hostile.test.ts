import * as fc from 'fast-check'
import t from 'tap'
import { park } from '../../../src/database/parked.ts'
import { databaseKinds } from '../../fixtures/databases.ts'
import { personId } from '../../fixtures/persons.ts'
import { ADMIN_TOKEN, startWeb } from '../../fixtures/web.ts'
import { visit } from '../fixtures/pages.ts'

// The real PostgreSQL where there is one: it is the stricter of the two.
const kind = (await databaseKinds()).at(-1)
const RUNS = 40

const hostile = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 300 }),
  fc.string({ unit: 'grapheme', maxLength: 50 }),
  fc.constantFrom(
    `'; drop table parked; --`,
    `' or '1'='1`,
    '%',
    '_',
    '\\',
    '\u0000',
    '\ud800',
    `"><script>alert(1)</script>`,
    `<img src=x onerror=alert(1)>`,
    '${7*7}{{7*7}}<%= 7*7 %>',
    '../../etc/passwd',
    '__proto__',
    'constructor',
    'x'.repeat(5_000),
    `a@b.c' OR Name != '`,
  ),
)

const GETS = [
  ['/parked', ['object', 'code', 'group', 'text', 'after']],
  ['/parked.csv', ['object', 'code', 'group', 'text', 'after']],
  ['/changes', ['object', 'state', 'after']],
  ['/records', ['q']],
  ['/settings', ['object', 'id']],
  ['/', ['done', 'n']],
  ['/login', ['next', 'ended']],
  ['/api/parked', ['object', 'code', 'cursor', 'limit']],
] as const
const POSTS = [
  ['/login', ['token', 'next']],
  ['/parked/retry', ['object', 'code', 'group', 'text', 'id']],
  ['/backfill', ['objects', 'force', 'x']],
  ['/removals/confirm', ['ids']],
] as const

t.test('hostile text in any form or address breaks no page and no query', async (t) => {
  const { db } = await kind!.create(t)
  const refusal = { object: 'Lead', code: '1003', advice: 'Cure it.', payload: null }
  await park(db, [{ ...refusal, id: personId(1), reason: '<script>alert(1)</script>' }])
  const web = await startWeb(t, db, { now: () => 1_900_000_000_000 })
  const visitor = visit(web.url)
  await visitor.signIn()
  await visitor.get('/parked')

  function check(what: string, { status, text }: { status: number; text: string }): void {
    if (
      status >= 500 ||
      /<script>alert|onerror=alert\(1\)>|\.ts:\d+:\d+/.test(text.replaceAll(/&[^;]+;/g, ''))
    )
      throw new Error(`${what} answered ${status}: ${text.slice(0, 2_000)}`)
  }

  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...GETS),
      fc.array(hostile, { minLength: 5, maxLength: 5 }),
      async ([path, names], values) => {
        const query = new URLSearchParams(names.map((name, n): [string, string] => [name, values[n] ?? '']))
        check(
          `${path}?${query.toString()}`,
          await visitor.get(`${path}?${query.toString()}`, { authorization: `Bearer ${ADMIN_TOKEN}` }),
        )
      },
    ),
    { numRuns: RUNS },
  )
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...POSTS),
      fc.array(hostile, { minLength: 5, maxLength: 5 }),
      fc.nat(200),
      async ([path, names], values, address) => {
        const fields = Object.fromEntries(names.map((name, n) => [name, values[n] ?? '']))
        const headers = { 'x-forwarded-for': `192.0.2.${address}` }
        check(path, await visitor.post(path, fields, headers))
      },
    ),
    { numRuns: RUNS },
  )
  await fc.assert(
    fc.asyncProperty(hostile, async (text) => {
      const id = encodeURIComponent(text.toWellFormed()).slice(0, 900)
      check(text, await visitor.get(`/records/${id}`))
      check(text, await visitor.post(`/records/${id}/sync`))
    }),
    { numRuns: RUNS },
  )
  t.equal((await visitor.get('/parked')).status, 200)
  t.match(await db.selectFrom('parked').select('id').execute(), [{ id: personId(1) }])
  t.notMatch(web.logged.join(''), /"level":"error"/)
})
