// Finds the record that makes Marketo refuse a whole call: halves the group until every call is taken or holds one record, about
// 2 log2(n) calls for each such record. What may come from a gateway that refuses everybody is not taken to the single records, and none
// of them is blamed as long as nothing was let through. Generic: `run` makes the call, with its intent, and gives the verdict on it.
import { GATEWAY_REFUSALS } from './known-codes.ts'
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

/** Verdicts that only Marketo itself can come to. */
const READ: readonly Verdict['kind'][] = [...SOMEBODY, 'accepted', 'unsupported-lookup']
/** The whole, its halves, quarters and eighths: when all of these are refused alike, so is everything. */
const MOST_ALIKE = 1 + 2 + 4 + 8

/**
 * Every item is in one leaf, and the leaves are in the order of the items. A call that may have been carried out (`bisect` with
 * `wait`) is not split, as its halves must not be sent before it was looked up: its leaf says `ambiguous`, and the caller sends fewer
 * records at once the next time.
 */
export async function bisect<Item, Answer>(
  items: readonly Item[],
  run: (items: Item[]) => Promise<{ answer: Answer; verdict: Verdict }>,
): Promise<Leaf<Item, Answer>[]> {
  const leaves: (Leaf<Item, Answer> & { from: number })[] = []
  const groups: { from: number; items: Item[] }[] = items.length === 0 ? [] : [{ from: 0, items: [...items] }]
  let halted: Verdict | undefined
  let alike = 0
  let isRead = false
  // Level by level, so that a gateway is told from a few records side by side. Grows while it is walked.
  for (const { from, items: group } of groups) {
    if (halted) {
      leaves.push({ from, items: group, answer: undefined, verdict: halted })
      continue
    }
    const { answer, verdict } = await run(group)
    if (isOfGateway(verdict)) alike++
    else if (READ.includes(verdict.kind)) isRead = true
    if (EVERYBODY.includes(verdict.kind)) halted = verdict
    else if (alike >= MOST_ALIKE && !isRead) halted = verdictAlone(verdict)
    const unclear = verdict.kind === 'bisect' && verdict.wait
    if (group.length > 1 && SOMEBODY.includes(verdict.kind) && !unclear) {
      const middle = Math.ceil(group.length / 2)
      groups.push(
        { from, items: group.slice(0, middle) },
        { from: from + middle, items: group.slice(middle) },
      )
    } else
      leaves.push({
        from,
        items: group,
        answer,
        verdict: unclear ? unknownOf(verdict) : verdictAlone(verdict),
      })
  }
  return leaves
    .toSorted((one, other) => one.from - other.from)
    .map(({ items: group, answer, verdict }) => ({
      items: group,
      answer,
      verdict: verdict.kind === 'everybody' && isRead ? { ...verdict, kind: 'refused' } : verdict,
    }))
}

function isOfGateway(verdict: Verdict): boolean {
  return verdict.kind === 'bisect' && !verdict.wait && GATEWAY_REFUSALS.includes(verdict.code)
}

function unknownOf({ code, reason, advice }: Extract<Verdict, { kind: 'bisect' }>): Verdict {
  return { kind: 'ambiguous', code, reason, advice }
}
