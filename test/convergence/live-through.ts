// Lives through a history and asks, after every round, with all faults off: is everything in step within the deadline?
import { setTimeout as sleep } from 'node:timers/promises'
import { inStep, type InStep } from '../in-step/check.ts'
import { everInUse } from '../in-step/in-use.ts'
import { openAccount, type Account } from './account.ts'
import type { Living } from './begin.ts'
import { doDeed, reconcilesFor } from './deeds.ts'
import { told, type History, type Step } from './history.ts'
import { endsWithReload, endsWithRestart, takesLong } from './long-troubles.ts'
import { endRound, leavesOut, type Numbers } from './scene.ts'
import { storedOf, sums } from './sums.ts'
import { endTroubles, hides, isLossy, makeTrouble } from './troubles.ts'
import { isBehind, streamState, whatIsLeft } from './what-is-left.ts'

/** Seconds are enough where nothing else runs; a machine that does other things is to fail nobody. */
const DEADLINE_MS = 120_000
/** A busy streaming server is left alone for nearly three minutes. */
const PATIENT_MS = 360_000
const LOOK_EVERY_MS = 200
const TROUBLES_LAST_MS = 2_000
const HIT_EVERY_MS = 50
const RETRY_EVERY_MS = 2_000
/** What was new and is erased is read in vain when its event comes, which may be after the reconciles: while the stream was down. */
const CENSUSES_OF_THE_ERASED = 2

export async function liveThrough(living: Living, history: History): Promise<void> {
  const account = openAccount({
    events: living.salesforce.events,
    calls: living.marketo.calls,
    counts: living.counts,
    stored: () => storedOf(living),
  })
  let former: InStep['persons'] = new Map()
  for (const [n, round] of history.rounds.entries())
    try {
      const { joinedAfter } = living.salesforce.events
      const joined = joinedAfter.length
      await liveRound(living, round)
      const hasJoined = joinedAfter.length > joined
      former = await converge(living, history, n, { former, account, hasJoined })
      account.close()
    } catch (error) {
      const { rounds: _, beginning: _beginning, ...settings } = history
      const rounds = history.rounds.slice(0, n + 1).map((lived, m) => `round ${m + 1}:\n${told(lived)}`)
      throw new Error(`round ${n + 1}: ${String(error)}\n${JSON.stringify(settings)}\n${rounds.join('\n')}`, {
        cause: error,
      })
    }
}

async function liveRound(living: Living, round: Step[]): Promise<void> {
  const { scene } = living
  for (const step of round) {
    if (step.do === 'deed') doDeed(scene, step.name, step.numbers)
    else if (step.do === 'trouble') trouble(living, step.name, step.numbers)
    else if (step.do === 'blow') await living.strike(step.blow)
    else await sleep(step.ms)
  }
  await letTroublesHit(living)
  endTroubles(living)
  endRound(scene)
}

function trouble(living: Living, name: string, numbers: Numbers): void {
  const armed = makeTrouble(living, name, numbers)
  if (armed) living.scene.encounters.expect(name, armed)
}

/** The steps take less time than the work that they make: troubles last until each was met, or nothing is left to meet them. */
async function letTroublesHit(living: Living): Promise<void> {
  const { encounters } = living.scene
  const end = Date.now() + TROUBLES_LAST_MS
  while (encounters.isAnyUnmet() && Date.now() < end && (await isAtWork(living))) await sleep(HIT_EVERY_MS)
  encounters.endRound()
}

const isAtWork = async (living: Living): Promise<boolean> =>
  (await whatIsLeft(living)).busy || isBehind(living).catch(() => true)

async function converge(
  living: Living,
  history: History,
  n: number,
  { former, account, hasJoined }: { former: InStep['persons']; account: Account; hasJoined: boolean },
): Promise<InStep['persons']> {
  const { salesforce, marketo, scene } = living
  const round = history.rounds[n]!
  const troubles = round.flatMap((step) => (step.do === 'trouble' ? [step.name] : []))
  const deadlineMs = troubles.some(takesLong) ? PATIENT_MS : DEADLINE_MS
  const deadline = Date.now() + deadlineMs
  if (troubles.some(endsWithRestart)) await living.restart()
  const reconciles = reconcilesAfter(round, hasJoined)
  const isCut = round.some((step) => step.do === 'blow' && step.blow === 'cut the database')
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
  let confirmedAt = 0
  while (Date.now() < deadline) {
    giveAPosition(salesforce)
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
    // In an org this small a filter may leave out all of an object.
    if (left.stopped && Date.now() - confirmedAt > RETRY_EVERY_MS) {
      confirmedAt = Date.now()
      await living.api('/api/removals/confirm', { method: 'POST' }).catch(() => undefined)
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
      ...(await account.complaints(isCut).catch((error: unknown) => [`the database: ${String(error)}`])),
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

/** Until it has stored an event, whatever ends the stream makes it join anew, and events of whole rounds would be the reconcile's to find. */
function giveAPosition({ org, events }: Living['salesforce']): void {
  if (events.joinedAfter.at(-1) !== events.published.length) return
  const [user] = org.all('User')
  events.publishRaw({ Object_Type__c: 'User', Change_Type__c: 'UPDATE', Record_Ids__c: user?.Id })
}

/** `hasJoined`: the stream joined anew, and the reconcile that the service makes then can't see what is hidden. */
const reconcilesAfter = (round: Step[], hasJoined: boolean): number =>
  Math.max(
    0,
    ...round.map((step) => {
      if (step.do === 'deed') return reconcilesFor(step.name)
      return Number(step.do === 'trouble' && (isLossy(step.name) || (hasJoined && hides(step.name))))
    }),
  )

/** What a round did to the stream must not cost events of the next. */
async function streamComplaints(living: Living): Promise<string[]> {
  const state = await streamState(living)
  return state === 'live' ? [] : [`the stream is not live: ${state ?? 'nobody knows'}`]
}

/** After a kill there may be nobody who answers, or who carries out what was asked. */
async function insist(deadline: number, ask: () => Promise<boolean>): Promise<void> {
  while (Date.now() < deadline && !(await ask().catch(() => false))) await sleep(LOOK_EVERY_MS)
}
