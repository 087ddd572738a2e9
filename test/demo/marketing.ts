// Marketo's side of life: persons have interesting moments, their scores change.
import type { Moment, Scores } from '../simulators/marketo/index.ts'
import type { MarketoInstance } from '../simulators/marketo/index.ts'
import type { Random } from '../simulators/salesforce/random.ts'

const MOMENTS: readonly Moment[] = [
  { type: 'Web', description: 'Visited the pricing page', source: 'Web' },
  { type: 'Web', description: 'Watched the product tour to its end 🎬', source: 'Web' },
  { type: 'Email', description: 'Clicked "Book a demo" in the spring newsletter', source: 'Email' },
  { type: 'Email', description: 'Forwarded an offer\nto two colleagues', source: 'Email' },
  { type: 'Milestone', description: 'Registered for the webinar „Mehr Umsatz“', source: 'Flow Action' },
  {
    type: 'Milestone',
    // Longer than the 255 characters of the Salesforce field.
    description: 'Visited the booth at the fair, and asked for much. '.repeat(7),
    source: 'Flow Action',
  },
]

const LONGEST_AGO_MS = 14 * 86_400_000

/** Values for a share of the persons that came from Salesforce: a moment, a score change, or both. Returns how many persons. */
export function produceValues(instance: MarketoInstance, share: number, random: Random): number {
  const all = [...instance.leads.values()].filter((lead) => lead.fields.externalPersonId)
  const chosen = all.filter((_lead, i) => i === 0 || random.chance(share))
  for (const [i, { id }] of chosen.entries()) {
    if (i % 3 !== 1) instance.interestingMoment(id, momentOf(random))
    if (i % 3 !== 2) instance.changeScore(id, scoresOf(random))
  }
  return chosen.length
}

/** One moment or score change of one person, told in a sentence. */
export function liveOnce(instance: MarketoInstance, random: Random): string | undefined {
  const persons = [...instance.leads.values()].filter((lead) => lead.fields.externalPersonId)
  if (persons.length === 0) return undefined
  const { id, fields } = random.pick(persons)
  const who = [fields.firstName, fields.lastName].filter(Boolean).join(' ')
  const of = `${who} (${String(fields.externalPersonId)})`
  if (random.chance(0.6)) {
    const moment = { ...random.pick(MOMENTS), date: new Date() }
    instance.interestingMoment(id, moment)
    return `${of}: ${moment.type} moment "${String(moment.description).slice(0, 60).replace('\n', ' ')}"`
  }
  const scores = scoresOf(random)
  instance.changeScore(id, scores)
  return `${of}: priority ${scores.priority}, urgency ${scores.relativeUrgency}, relative score ${scores.relativeScore}`
}

function momentOf(random: Random): Moment {
  return { ...random.pick(MOMENTS), date: new Date(Date.now() - random.integer(0, LONGEST_AGO_MS)) }
}

function scoresOf(random: Random): Required<Omit<Scores, 'leadScore'>> {
  return {
    priority: random.integer(1, 120),
    relativeUrgency: random.integer(0, 3),
    relativeScore: random.integer(0, 3),
  }
}
