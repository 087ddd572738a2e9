import t from 'tap'
import { BridgeError } from '../../src/errors.ts'
import { createLog } from '../../src/log.ts'
import { createDescription } from '../../src/marketo/description.ts'
import type { MarketoSchema } from '../../src/marketo/describe.ts'

const HOUR = 3_600_000

/** Only what is missing tells these descriptions apart. */
const lacking = (...fields: string[]): MarketoSchema =>
  ({ missing: fields.map((field) => ({ object: 'Lead', field })) }) as unknown as MarketoSchema

function start() {
  const clock = { now: 0 }
  const marketo = { asked: 0, answer: async (): Promise<MarketoSchema> => lacking() }
  const description = createDescription({
    describe: () => {
      marketo.asked++
      return marketo.answer()
    },
    log: createLog('silent'),
    now: () => clock.now,
  })
  return { ...description, clock, marketo }
}

t.test('Marketo is asked once a day, and when somebody wants it fresh', async (t) => {
  const { schema, marketo, clock } = start()
  t.equal((await Promise.all([schema(), schema()]))[0], await schema())
  t.equal(marketo.asked, 1)
  await schema({ fresh: true })
  t.equal(marketo.asked, 2)
  clock.now += 24 * HOUR - 1
  await schema()
  t.equal(marketo.asked, 2)
  clock.now += 1
  await Promise.all([schema(), schema()])
  t.equal(marketo.asked, 3)
})

t.test('as long as it was never described, every question is put to Marketo', async (t) => {
  const { schema, marketo, doubt } = start()
  marketo.answer = () => Promise.reject(new Error('away'))
  await t.rejects(schema(), /away/)
  await t.rejects(schema(), /away/)
  t.equal(marketo.asked, 2)
  t.equal(doubt(), undefined, 'there is nothing to hold on to')
  marketo.answer = async () => lacking('externalPersonId')
  t.match(await schema(), { missing: [{ field: 'externalPersonId' }] }, 'what was never there is no surprise')
})

t.test('a description that lacks what the former one had is not believed', async (t) => {
  const { schema, marketo, clock, doubt } = start()
  marketo.answer = async () => lacking('relativeScore')
  const former = await schema()
  marketo.answer = async () => lacking('relativeScore', 'externalPersonId')
  await t.rejects(schema({ fresh: true }), { code: 'fields-gone', message: /Lead\.externalPersonId/ })
  t.equal(await schema(), former)
  t.match(doubt(), {
    code: 'description',
    message: /the former one still holds.*no longer describes Lead\.externalPersonId\./,
    advice: /MSI Non-Native/,
  })
  marketo.answer = async () => lacking()
  t.equal(await schema(), former, 'for an hour')
  clock.now += HOUR
  t.same(await schema(), lacking())
  t.equal(doubt(), undefined)
})

t.test('while Marketo can not be asked, what it said before holds', async (t) => {
  const { schema, marketo, clock, doubt } = start()
  const former = await schema()
  marketo.answer = () => Promise.reject(new BridgeError('not-connected', 'No connection.', 'Wait.'))
  clock.now += 24 * HOUR
  t.equal(await schema(), former)
  t.match(doubt(), { message: /No connection\./, advice: 'Wait.' })
  await t.rejects(schema({ fresh: true }), { code: 'not-connected' })
  marketo.answer = async () => lacking()
  await schema({ fresh: true })
  t.equal(doubt(), undefined)
})
