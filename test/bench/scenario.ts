// What a scenario is given and what it gives.
import type { DatabaseName } from './database.ts'
import type { Figure } from './figures.ts'

export interface Bench {
  small: boolean
  databases: DatabaseName[]
  /** PostgreSQL, where databases of our own may be made. */
  serverUrl: string
  /** Folder for CPU profiles. */
  profile: string | undefined
  /** What a scenario starts or makes goes here, so that it goes away also when the scenario is interrupted. */
  resources: () => AsyncDisposableStack
  say: (line: string) => void
  report: (figure: Omit<Figure, 'scenario'>) => void
}

export interface Scenario {
  name: string
  title: string
  /** Whether it counts something that holds on any machine: the small run leaves the others out. */
  counts: boolean
  run: (bench: Bench) => Promise<void>
}
