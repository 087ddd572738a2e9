// What the home page says, made of the status and the samples. Pure.
import type { Sample } from '../../database/samples.ts'
import { OBJECTS } from '../../salesforce/ids.ts'
import type { Status } from '../status.ts'
import { about, words } from './words.ts'

const { number, time } = words

type Tone = 'good' | 'busy' | 'bad'

export interface HomeView {
  sentence: { tone: Tone; text: string }
  status: Status
  objects: { object: string; queue: number; waiting: number; parked: number }[]
  stream: { tone: Tone; text: string }
  clear: string
  backfill: { text: string; percent: number | null; can: 'start' | 'pause' | 'resume' }
  marketo: string[]
  times: { name: string; text: string }[]
  leader: string
  /** For the charts: seconds, records sent in the five minutes, records queued or waiting. */
  chart: [number[], number[], number[]]
  /** The same for those who don't see charts: per hour, newest first. */
  hours: { at: string; sent: number; backlog: number }[]
}

const sum = (counts: Record<string, number>): number => Object.values(counts).reduce((a, b) => a + b, 0)

export function homeView(status: Status, samples: Sample[], held: boolean, now: number): HomeView {
  const queued = sum(status.queue)
  const waiting = sum(status.waiting)
  const perMinute = rateOf(samples, now)
  return {
    sentence: sentenceOf(status, queued, waiting),
    status,
    objects: [...OBJECTS, 'Event' as const].map((object) => ({
      object,
      queue: object === 'Event' ? 0 : status.queue[object],
      waiting: object === 'Event' ? 0 : status.waiting[object],
      parked: status.parked[object],
    })),
    stream: streamOf(status),
    clear: clearOf(queued, waiting, perMinute),
    backfill: backfillOf(status, perMinute),
    marketo: quotaOf(status),
    times: [
      { name: 'Last event from Salesforce', text: at(status.stream.lastEventAt) },
      { name: 'Last reconcile', text: at(status.reconcile.lastRunAt) },
      { name: 'Next reconcile', text: at(status.reconcile.nextRunAt) },
      { name: 'Last refresh of the Sales Insight values', text: at(status.insights.lastRefreshAt) },
      { name: 'Last sweep of the Sales Insight values', text: at(status.insights.lastSweepAt) },
      { name: 'Persons with Sales Insight values', text: number(status.insights.persons) },
    ],
    leader: status.leader
      ? 'The process that shows this page leads.'
      : held
        ? 'Another process leads; this one stands by.'
        : 'No process leads at the moment; one takes over within 15 seconds.',
    chart: [
      samples.map((sample) => Math.round(sample.at.getTime() / 1_000)),
      samples.map(({ sent }) => sent),
      samples.map((sample) => sample.queued + sample.waiting),
    ],
    hours: hoursOf(samples),
  }
}

const count = (all: number): string => `${number(all)} ${all === 1 ? 'record is' : 'records are'}`

const at = (iso: string | null): string => (iso === null ? 'not yet' : time(iso))

function sentenceOf(status: Status, queued: number, waiting: number): HomeView['sentence'] {
  const parked = sum(status.parked)
  const except = parked === 0 ? '' : `, and ${count(parked)} refused`
  const blocked = status.problems.find(({ system }) => !ASIDE.has(system))
  if (blocked !== undefined) return { tone: 'bad', text: `Marketo is not kept in step: ${blocked.reason}` }
  const { tone, text } = stepOf(status, queued, waiting, except)
  const things = status.problems.length
  if (things === 0) return { tone, text }
  const needed = things === 1 ? 'One thing needs a person.' : `${things} things need a person.`
  return { tone: 'bad', text: `${text} ${needed}` }
}

/** Problems that leave everything else in step. */
const ASIDE = new Set(['mapping', 'removals', 'insights'])

function stepOf(status: Status, queued: number, waiting: number, except: string): HomeView['sentence'] {
  if (status.backfill.state === 'running')
    return { tone: 'busy', text: 'Marketo is not in step yet: the backfill is under way.' }
  if (queued + waiting > 0) {
    const way = queued === 0 ? '' : `${count(queued)} on the way`
    const wait = waiting === 0 ? '' : `${count(waiting)} waiting for another record`
    const left = [way, wait].filter((part) => part !== '').join(' and ')
    return { tone: 'busy', text: `Marketo is nearly in step: ${left}${except}.` }
  }
  if (status.stream.state !== 'live')
    return {
      tone: 'busy',
      text: `Everything received has been sent${except}. The stream is not live, so new changes are found by the reconcile only.`,
    }
  return { tone: 'good', text: `Marketo is in step with Salesforce${except}.` }
}

const STREAM: Record<Status['stream']['state'], string> = {
  live: 'Live: changes arrive within seconds.',
  connecting: 'Connecting.',
  'backing-off': 'Interrupted; it is tried again by itself.',
  'daily-limit': 'Salesforce delivers no more events today; changes are found by the reconcile.',
  stopped: 'Stopped.',
  standby: 'No process leads at the moment.',
}

function streamOf({ stream }: Status): HomeView['stream'] {
  const { state, reason, since } = stream
  const words = [STREAM[state], reason ?? '', since === null ? '' : `Since ${time(since)}.`]
  return {
    tone: state === 'live' ? 'good' : state === 'connecting' ? 'busy' : 'bad',
    text: words.filter((word) => word !== '').join(' '),
  }
}

/** Records a minute over the last half hour in which something was sent. */
function rateOf(samples: Sample[], now: number): number {
  const recent = samples.filter((sample) => now - sample.at.getTime() < 30 * 60_000 && sample.sent > 0)
  return recent.length === 0 ? 0 : recent.reduce((all, { sent }) => all + sent, 0) / (recent.length * 5)
}

function clearOf(queued: number, waiting: number, perMinute: number): string {
  if (queued === 0)
    return waiting === 0 ? 'nothing waits to be sent.' : 'only records that wait for others are left.'
  if (perMinute === 0) return 'unknown until the first records have been sent.'
  return `${about((queued / perMinute) * 60)}, at ${number(Math.round(perMinute))} records a minute.`
}

function backfillOf({ backfill }: Status, perMinute: number): HomeView['backfill'] {
  const { state, done, total, etaSeconds } = backfill
  const percent = total === 0 ? null : Math.min(100, Math.floor((done / total) * 100))
  const progress = `${number(done)} of ${number(total)} records`
  const rate = perMinute === 0 ? '' : `, ${number(Math.round(perMinute))} a minute`
  const left = etaSeconds === null ? '' : `, ${about(etaSeconds)} left`
  const text = {
    idle: 'None was asked for.',
    running: `${progress}${rate}${left}.`,
    paused: `Paused after ${progress}.`,
    done: `Done: ${progress}.`,
    failed: `It failed after ${progress}; the problems say why.`,
  }[state]
  return { text, percent, can: state === 'running' ? 'pause' : state === 'paused' ? 'resume' : 'start' }
}

function quotaOf({ marketo }: Status): string[] {
  const { callsToday, dailyLimit, instanceCallsToday, instanceDailyLimit, pauses } = marketo
  const others = instanceCallsToday === null ? null : Math.max(0, instanceCallsToday - callsToday)
  return [
    `By this bridge: ${number(callsToday)} of its ${number(dailyLimit)} calls.`,
    others === null
      ? 'By others: Marketo has not told yet.'
      : `By others: ${number(others)} calls, so ${number(instanceCallsToday ?? 0)} of the instance's ${number(instanceDailyLimit)}.`,
    ...pauses.map(({ reason, until }) => `Pausing until ${time(until)}: ${reason}`),
  ]
}

function hoursOf(samples: Sample[]): HomeView['hours'] {
  const hours = new Map<string, { at: string; sent: number; backlog: number }>()
  for (const sample of samples) {
    const hour = `${sample.at.toISOString().slice(0, 13)}:00:00.000Z`
    const known = hours.get(hour)
    hours.set(hour, {
      at: time(hour),
      sent: (known?.sent ?? 0) + sample.sent,
      backlog: sample.queued + sample.waiting,
    })
  }
  return [...hours.values()].toReversed()
}
