// One history, from its seed alone. Of one that fails, the whole log and every call to Marketo are kept in a file.
import { writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as fc from 'fast-check'
import type { DatabaseKind, TestContext } from '../fixtures/databases.ts'
import { begin } from './begin.ts'
import { tellHits, type Counts } from './encounters.ts'
import { histories, type History } from './history.ts'
import { liveThrough } from './live-through.ts'

export interface Place {
  name: string
  kind: DatabaseKind
  processes: boolean
  /** Also what takes minutes to pass. */
  patient?: boolean
}

export function historyOf(
  seed: number,
  { processes, patient = false }: Pick<Place, 'processes' | 'patient'>,
  rounds: number,
): History {
  const [history] = fc.sample(histories({ rounds, processes, patient }), { seed, numRuns: 1 })
  return history!
}

export interface Lived {
  summary: string
  counts: Counts
}

export async function play(t: TestContext, seed: number, place: Place, rounds: number): Promise<Lived> {
  const history = historyOf(seed, place, rounds)
  const living = await begin(t, place.kind, history, place.processes ? 'processes' : 'within')
  try {
    await liveThrough(living, history)
  } catch (error) {
    const file = join(tmpdir(), `convergence-${seed}.log`)
    const calls = living.marketo.calls.entries.map((call) => `${JSON.stringify(call)}\n`)
    await writeFile(file, [...living.log, ...calls].join(''))
    throw new Error(`seed ${seed} (${place.name}; its log is in ${file}), ${String(error)}`, { cause: error })
  }
  const { marketo, scene } = living
  const { counts } = scene.encounters
  return {
    summary: `${rounds} rounds, ${marketo.calls.length} calls to Marketo, ${marketo.instance.leads.size} persons, ${scene.org.count('OpportunityContactRole')} roles, ${tellHits(counts)}`,
    counts,
  }
}
