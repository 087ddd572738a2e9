// What has to be known before persons are merged, which nothing undoes: who opted out, and whether the loser is still there. One that is not
// was perhaps merged by a marketer into somebody who carries its key since: that person is the loser then, unless it is another record's.
import type { Fields, ReadTurn } from '../marketo/calls.ts'
import type { MarketoClient } from '../marketo/client.ts'
import type { Failed } from '../marketo/outcome.ts'
import { findWithOptOuts, optOutsLost } from './opt-outs.ts'
import { keyedOf, type Reserve } from './others-persons.ts'

export interface Merging {
  losers: number[]
  /** What the winner is to be told before (opt-outs.ts). */
  lost: Fields
  /** Marketers had merged the record's own person into these. */
  areHeirs: boolean
}

/** By the id of the Salesforce record that is merged away. */
export async function prepareMerges(
  client: MarketoClient,
  merges: readonly { id: string; winner: string; loser: string }[],
  optOuts: readonly string[],
  reserve: Reserve,
  turn: ReadTurn,
): Promise<{ ok: true; of: Map<string, Merging> } | Failed> {
  const values = merges.flatMap(({ winner, loser }) => [winner, loser])
  const found = await findWithOptOuts(client, { filterType: 'id', values, ...turn }, optOuts)
  if (!found.ok) return found
  const persons = new Map(found.records.map((person) => [String(person.id), person]))
  const keys = merges.filter(({ loser }) => !persons.has(loser)).map(({ id }) => id)
  const byKey = await findWithOptOuts(
    client,
    { filterType: 'externalPersonId', values: keys, ...turn },
    optOuts,
  )
  if (!byKey.ok) return byKey
  const winners = new Map(merges.map(({ id, winner }) => [id, winner]))
  const candidates = byKey.records.filter((person) => {
    const { id, marketoId } = keyedOf(person)
    return winners.get(id) !== marketoId
  })
  const free = await reserve(candidates.map(keyedOf))
  const of = merges.map(({ id, winner, loser }): [string, Merging] => {
    const heirs = candidates.filter((person) => {
      const keyed = keyedOf(person)
      return keyed.id === id && free.has(keyed.marketoId)
    })
    const losers = heirs.length > 0 ? heirs : [persons.get(loser) ?? { id: loser }]
    return [
      id,
      {
        losers: losers.map((person) => Number(person.id)),
        lost: optOutsLost(persons.get(winner), losers),
        areHeirs: heirs.length > 0,
      },
    ]
  })
  return { ok: true, of: new Map(of) }
}
