// From the start of the process to the first 200 of /health/ready, on a cold machine's worst day: the embedded database has to be made first.
import { createDatabase, type DatabaseName } from '../database.ts'
import type { Bench, Scenario } from '../scenario.ts'
import { percentile } from '../figures.ts'
import { startService } from '../service.ts'

const AT_MOST_S: Record<DatabaseName, number> = { postgres: 2, embedded: 6 }
const TIMES = 5

export const start: Scenario = {
  name: 'start',
  title: 'start to ready',
  counts: false,
  async run(bench) {
    for (const database of bench.databases) {
      const seconds: number[] = []
      for (let n = 0; n < (bench.small ? 1 : TIMES); n++) seconds.push(await measure(bench, database))
      bench.report({
        what: database === 'embedded' ? 'embedded, a new folder' : 'postgres, migrated',
        value: percentile(seconds, 0.5),
        unit: 's',
        atMost: AT_MOST_S[database],
        kind: 'cost',
      })
    }
  },
}

async function measure(bench: Bench, name: DatabaseName): Promise<number> {
  await using open = bench.resources()
  const database = await createDatabase(open, name, bench.serverUrl)
  const { readyAfterMs } = await startService(open, { database })
  return readyAfterMs / 1_000
}
