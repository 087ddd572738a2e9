// Finds the record that makes Marketo refuse a whole call: halves the group until every call is taken or holds one record, about
// 2 log2(n) calls for each such record. Generic: `run` makes the call, with its intent, and gives the verdict on it.
import { verdictAlone, type Verdict } from './verdict.ts'

export interface Leaf<Item, Answer> {
  items: Item[]
  /** Undefined: the group was not sent any more. */
  answer: Answer | undefined
  /** On the group's call; never `bisect`. */
  verdict: Verdict
}

/** Verdicts that some record of a group is to blame for; alone they are that record's. */
const SOMEBODY: readonly Verdict['kind'][] = ['bisect', 'refused', 'gone', 'several', 'in-use']
/** After these nothing else of the batch is sent. */
const EVERYBODY: readonly Verdict['kind'][] = ['stop', 'quota', 'unsupported-lookup', 'renew-token']

/**
 * A system error (611) has a record behind it only if other records pass. Where as many calls failed and none passed, Marketo itself
 * is out of order: to go on would cost 600 calls a batch, and refuse good records.
 */
const FRUITLESS_CALLS = 15

/**
 * Every item is in one leaf, in the order of the items, but for those that `unclear` takes out. `unclear` is called with a group whose
 * call may have been carried out all the same (verdict `bisect` with `wait`); it waits until that is certain, settles what was done, and
 * returns the rest. Without it such a group is not split: its leaf says `ambiguous`.
 */
export async function bisect<Item, Answer>(
  items: readonly Item[],
  run: (items: Item[]) => Promise<{ answer: Answer; verdict: Verdict }>,
  unclear?: (items: Item[]) => Promise<Item[]>,
): Promise<Leaf<Item, Answer>[]> {
  const leaves: Leaf<Item, Answer>[] = []
  // Widest groups first: where no half passes, an outage shows after few calls.
  let level: Item[][] = items.length === 0 ? [] : [[...items]]
  let passed = 0
  let failures = 0
  let halted: Verdict | undefined

  while (level.length > 0) {
    const next: Item[][] = []
    for (const group of level) {
      if (halted) {
        leaves.push({ items: group, answer: undefined, verdict: halted })
        continue
      }
      const { answer, verdict } = await run(group)
      if (verdict.kind === 'accepted') passed++
      else failures++
      if (EVERYBODY.includes(verdict.kind)) halted = verdict
      const waits = verdict.kind === 'bisect' && verdict.wait
      const splits = SOMEBODY.includes(verdict.kind) && group.length > 1 && (!waits || unclear !== undefined)
      if (!splits) leaves.push({ items: group, answer, verdict })
      else if (verdict.kind === 'bisect' && waits && passed === 0 && failures >= FRUITLESS_CALLS) {
        halted = { kind: 'again', afterMs: 60_000, ...wordsOf(verdict) }
        leaves.push({ items: group, answer, verdict })
      } else {
        const rest = waits ? await unclear!(group) : group
        const middle = Math.ceil(rest.length / 2)
        next.push(...[rest.slice(0, middle), rest.slice(middle)].filter((half) => half.length > 0))
      }
    }
    level = next
  }
  return inOrder(
    items,
    leaves.map((leaf) => ({ ...leaf, verdict: finalVerdict(leaf, passed) })),
  )
}

/** A record alone is refused; but with a system error only when others passed, else it is as unclear as ever. */
function finalVerdict({ items, verdict }: Leaf<unknown, unknown>, passed: number): Verdict {
  if (verdict.kind !== 'bisect') return verdict
  const guilty = items.length === 1 && (!verdict.wait || passed > 0)
  return guilty ? verdictAlone(verdict) : outcomeUnknown(verdict)
}

function outcomeUnknown(verdict: Extract<Verdict, { kind: 'bisect' }>): Verdict {
  return { kind: 'ambiguous', ...wordsOf(verdict) }
}

function wordsOf({ code, reason, advice }: Extract<Verdict, { kind: 'bisect' }>): {
  code: string
  reason: string
  advice: string
} {
  return { code, reason, advice }
}

function inOrder<Item, Answer>(items: readonly Item[], leaves: Leaf<Item, Answer>[]): Leaf<Item, Answer>[] {
  const places = new Map(items.map((item, index) => [item, index]))
  const place = (leaf: Leaf<Item, Answer>): number => places.get(leaf.items[0]!) ?? 0
  return leaves.sort((a, b) => place(a) - place(b))
}
