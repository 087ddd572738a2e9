// `node test/stories/insights-scale.ts [persons]`: 100,000 persons, 5 % of whom change between two runs of the Apex job. Prints what it cost in
// calls beside the fewest that could do, and ends with 1 if anything but the changed was written, or any value differs.
import { databaseKinds } from '../fixtures/databases.ts'
import { valuesAtScale } from './fixtures/values-at-scale.ts'

const persons = Number(process.argv[2] ?? 100_000)
const kind = (await databaseKinds()).at(-1)!
const ends: (() => unknown)[] = []
const count = (n: number): string => n.toLocaleString('en')
const line = (...[what, counted, floor]: [string, string, string]): void =>
  console.log(`  ${what.padEnd(26)}${counted.padStart(10)}${floor.padStart(10)}`)
let wrong = 0

console.log(`${count(persons)} persons, database: ${kind.name}`)
try {
  await valuesAtScale({ teardown: (end) => void ends.unshift(end) }, kind, persons, (round) => {
    const { name, seconds, run, touched, changed, differences, costs } = round
    const exact = touched.size === changed.size && [...changed].every((id) => touched.has(id))
    console.log(`\n${name} (${seconds.toFixed(1)} s)`)
    line('', 'counted', 'floor')
    for (const { what, counted, floor } of costs) line(what, count(counted), count(floor))
    for (const problem of [
      ...(exact ? [] : [`${touched.size} records were touched, ${changed.size} had changed`]),
      ...run.failed.map(({ id, reason }) => `${id}: ${reason}`),
      ...differences,
    ].slice(0, 20))
      console.error(`${name}: ${problem}`)
    if (!exact || run.failed.length > 0 || differences.length > 0) wrong++
  })
  console.log(
    wrong === 0 ? '\nExactly the changed records were written; every value is equal.' : '\nIt is wrong.',
  )
} finally {
  for (const end of ends) await end()
}
process.exitCode = wrong === 0 ? 0 : 1
