import t from 'tap'
import { databaseKinds } from '../fixtures/databases.ts'
import { valuesAtScale } from './fixtures/values-at-scale.ts'

const PERSONS = 2_000

const kind = (await databaseKinds()).at(-1)!

t.test(
  'the job writes exactly what has changed, every value, for hardly more calls than it must',
  async (t) => {
    await valuesAtScale(t, kind, PERSONS, ({ name, run, touched, changed, differences, costs }) => {
      t.strictSame(run.failed, [], name)
      t.strictSame(touched, changed, `${name}: exactly those`)
      t.strictSame(differences, [], `${name}: every value`)
      for (const { what, counted, floor } of costs) {
        t.ok(counted >= floor, `${name}, ${what}: ${counted} can't be below ${floor}`)
        t.ok(counted <= floor + 4, `${name}, ${what}: ${counted} are hardly more than ${floor}`)
      }
    })
  },
)
