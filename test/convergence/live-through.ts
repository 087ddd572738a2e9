// Lives through a history and asks, after every round, with all faults off: is everything in step within the deadline?
import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'kysely'
import { inStep, type InStep } from '../in-step/check.ts'
import { everInUse } from '../in-step/in-use.ts'
import type { Living } from './begin.ts'
import { doDeed, reconcilesFor } from './deeds.ts'
import { told, type History, type Step } from './history.ts'
import { endsWithReload, endsWithRestart, takesLong } from './long-troubles.ts'
import { endRound, leavesOut } from './scene.ts'
import { sums } from './sums.ts'
import { endTroubles, isForgetful, isLossy, makeTrouble } from './troubles.ts'

/** Seconds are enough where nothing else runs; a machine that does other things is to fail nobody. */
const DEADLINE_MS = 120_000
/** A busy streaming server is left alone for nearly three minutes. */
const PATIENT_MS = 360_000
const LOOK_EVERY_MS = 200
const RETRY_EVERY_MS = 2_000
/** What was new and is erased is read in vain when its event comes, which may be after the reconciles: while the stream was down. */
const CENSUSES_OF_THE_ERASED = 2

export async function liveThrough(living: Living, history: History): Promise<void> {
  let former: InStep['persons'] = new Map()
  for (const [n, round] of history.rounds.entries())
    try {
      const hasPosition = await holdsPosition(living)
      await liveRound(living, round)
      if (!hasPosition || round.some((step) => step.do === 'trouble' && isForgetful(step.name)))
        living.scene.certainFrom = living.salesforce.events.published.length
      former = await converge(living, history, n, former)
    } catch (error) {
      const { rounds: _, beginning: _beginning, ...settings } = history
      const rounds = history.rounds.slice(0, n + 1).map((lived, m) => `round ${m + 1}:\n${told(lived)}`)
      throw new Error(`round ${n + 1}: ${String(error)}\n${JSON.stringify(settings)}\n${rounds.join('\n')}`, {
        cause: error,
      })
    }
}

/** Without a stored position that Salesforce still knows, events are lost with the subscription; a reconcile finds what they told of. After
 *  a migration the stream may be live still, and learn of it in the next round. */
async function holdsPosition({ db, salesforce }: Living): Promise<boolean> {
  const stored = await db
    .selectFrom('state')
    .select(sql<string>`value->>'cursor'`.as('cursor'))
    .where('key', 'like', 'cursor:%')
    .executeTakeFirst()
  return stored !== undefined && salesforce.events.isRetained(Number(stored.cursor))
}

async function liveRound(living: Living, round: Step[]): Promise<void> {
  const { scene } = living
  for (const step of round) {
    if (step.do === 'deed') doDeed(scene, step.name, step.numbers)
    else if (step.do === 'trouble') makeTrouble(living, step.name, step.numbers)
    else if (step.do === 'blow') await living.strike(step.blow)
    else await sleep(step.ms)
  }
  endTroubles(living)
  endRound(scene)
}

async function converge(
  living: Living,
  history: History,
  n: number,
  former: InStep['persons'],
): Promise<InStep['persons']> {
  const { salesforce, marketo, scene } = living
  const round = history.rounds[n]!
  const troubles = round.flatMap((step) => (step.do === 'trouble' ? [step.name] : []))
  const deadlineMs = troubles.some(takesLong) ? PATIENT_MS : DEADLINE_MS
  const deadline = Date.now() + deadlineMs
  if (troubles.some(endsWithRestart)) await living.restart()
  const reconciles = reconcilesAfter(round)
  if (
    round.some((step) => step.do === 'deed' && step.name === 'a filter changes') ||
    troubles.some(endsWithReload)
  )
    await insist(deadline, async () => {
      const { status } = await living.api('/api/mapping/reload', { method: 'POST' })
      return status === 200
    })
  let result: InStep | undefined
  let complaints: string[] = []
  let reconciled = 0
  let retriedAt = 0
  while (Date.now() < deadline) {
    const left = await whatIsLeft(living)
    if (!left.busy && reconciled < reconciles + (left.unreadable ? CENSUSES_OF_THE_ERASED : 0)) {
      await insist(deadline, () =>
        living.reconcile().then(
          () => true,
          () => false,
        ),
      )
      reconciled++
      continue
    }
    if (left.parked.length > 0 && Date.now() - retriedAt > RETRY_EVERY_MS) {
      retriedAt = Date.now()
      await living.api('/api/parked/retry', { method: 'POST' }).catch(() => undefined)
    }
    result = inStep(salesforce.org, marketo.instance, {
      former,
      made: scene.made,
      unmade: scene.unmade,
      beforeCensus: reconciles < 2,
      deletePolicy: history.env['DELETE_POLICY'] === 'delete' ? 'delete' : 'keep',
      marketo: { externalPersonIdLookup: history.externalPersonIdLookup },
      inUse: everInUse(marketo.calls),
      leavesOut: leavesOut(scene),
    })
    complaints = [
      ...result.differences,
      ...left.open,
      ...left.parked,
      ...(await streamComplaints(living)),
      ...(await sums(living, result).catch((error: unknown) => [`the database: ${String(error)}`])),
      ...(reconciled < reconciles ? ['never quiet enough for a reconcile'] : []),
    ]
    if (complaints.length === 0) break
    await sleep(LOOK_EVERY_MS)
  }
  complaints.push(...marketo.calls.violations())
  if (complaints.length > 0 || !result)
    throw new Error(
      `not in step within ${deadlineMs / 1000} s:\n  ${complaints.slice(0, 20).join('\n  ')}\n${living.log.slice(-25).join('')}`,
    )
  return result.persons
}

const reconcilesAfter = (round: Step[]): number =>
  Math.max(
    0,
    ...round.map((step) =>
      step.do === 'deed' ? reconcilesFor(step.name) : Number(step.do === 'trouble' && isLossy(step.name)),
    ),
  )

/** What a round did to the stream must not cost events of the next. */
async function streamComplaints({ api }: Living): Promise<string[]> {
  const state = await api('/api/status').then(
    ({ body }) => (body as { stream?: { state?: string } }).stream?.state,
    (error: unknown) => String(error),
  )
  return state === 'live' ? [] : [`the stream is not live: ${state ?? 'nobody knows'}`]
}

/** After a kill there may be nobody who answers, or who carries out what was asked. */
async function insist(deadline: number, ask: () => Promise<boolean>): Promise<void> {
  while (Date.now() < deadline && !(await ask().catch(() => false))) await sleep(LOOK_EVERY_MS)
}

interface Left {
  /** Something goes on by itself. What waits for a record that can't be read does not: only a census ends that. */
  busy: boolean
  open: string[]
  parked: string[]
  /** Something is parked because Salesforce does not show it. */
  unreadable: boolean
}

async function whatIsLeft({ db }: Living): Promise<Left> {
  try {
    const [changes, intents, parked] = await Promise.all([
      db
        .selectFrom('changes')
        .select(['object', 'id', 'code', 'reason', 'waiting_for'])
        .orderBy('waiting_for', (order) => order.nullsFirst())
        .limit(5)
        .execute(),
      db.selectFrom('intents').select(['id', 'kind', 'ambiguous']).limit(5).execute(),
      db
        .selectFrom('parked')
        .select(['object', 'id', 'code', 'reason'])
        .where('object', '<>', 'Event')
        .limit(5)
        .execute(),
    ])
    return {
      busy: intents.length > 0 || changes.some((change) => change.waiting_for === null),
      open: [
        ...changes.map(
          ({ object, id, code, reason }) => `${object} ${id} is queued: ${code ?? ''} ${reason ?? ''}`,
        ),
        ...intents.map((intent) => `intent ${JSON.stringify(intent)} is open`),
      ],
      parked: parked.map(({ object, id, code, reason }) => `${object} ${id} is parked: ${code} ${reason}`),
      unreadable: parked.some(({ code }) => code === 'unreadable'),
    }
  } catch (error) {
    return { busy: true, open: [`the database: ${String(error)}`], parked: [], unreadable: false }
  }
}
