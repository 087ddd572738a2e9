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
  say: (line: string) => void
  report: (figure: Omit<Figure, 'scenario'>) => void
}

export interface Scenario {
  name: string
  title: string
  run: (bench: Bench) => Promise<void>
}
