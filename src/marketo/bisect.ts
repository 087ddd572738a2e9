// Finds the record that makes Marketo refuse a whole call: halves the group until every call is taken or holds one record, about
// 2 log2(n) calls for each such record. Generic: `run` makes the call, with its intent, and gives the verdict on it.
import { verdictAlone, type Verdict } from './verdict.ts'

export interface Leaf<Item, Answer> {
  items: Item[]
  /** Undefined: the group was not sent any more, for the reason in the verdict. */
  answer: Answer | undefined
  /** On the group's call; never `bisect`. */
  verdict: Verdict
}

/** Verdicts that some record of a group is to blame for; alone they are that record's. */
const SOMEBODY: readonly Verdict['kind'][] = ['bisect', 'refused', 'gone', 'several', 'in-use']
/** After these nothing else of the batch is sent. */
const EVERYBODY: readonly Verdict['kind'][] = ['stop', 'quota', 'unsupported-lookup', 'renew-token']

/**
 * Every item is in one leaf, and the leaves are in the order of the items. A call that may have been carried out (`bisect` with
 * `wait`) is not split, as its halves must not be sent before it was looked up: its leaf says `ambiguous`, and the caller sends fewer
 * records at once the next time.
 */
export async function bisect<Item, Answer>(
  items: readonly Item[],
  run: (items: Item[]) => Promise<{ answer: Answer; verdict: Verdict }>,
): Promise<Leaf<Item, Answer>[]> {
  const leaves: Leaf<Item, Answer>[] = []
  const groups: Item[][] = items.length === 0 ? [] : [[...items]]
  let halted: Verdict | undefined
  for (let group = groups.shift(); group; group = groups.shift()) {
    if (halted) {
      leaves.push({ items: group, answer: undefined, verdict: halted })
      continue
    }
    const { answer, verdict } = await run(group)
    if (EVERYBODY.includes(verdict.kind)) halted = verdict
    const unclear = verdict.kind === 'bisect' && verdict.wait
    if (group.length > 1 && SOMEBODY.includes(verdict.kind) && !unclear) {
      const middle = Math.ceil(group.length / 2)
      groups.unshift(group.slice(0, middle), group.slice(middle))
    } else
      leaves.push({ items: group, answer, verdict: unclear ? unknownOf(verdict) : verdictAlone(verdict) })
  }
  return leaves
}

function unknownOf({ code, reason, advice }: Extract<Verdict, { kind: 'bisect' }>): Verdict {
  return { kind: 'ambiguous', code, reason, advice }
}
