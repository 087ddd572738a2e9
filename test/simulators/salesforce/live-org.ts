// A living organisation: each step is one plausible edit, told in a plain sentence.

import type { Org, Record18 } from './org.ts'
import * as words from './org-words.ts'
import { createRandom, type Random } from './random.ts'

export interface LivingOrg {
  /** Does one thing and says what. */
  step(): string
}

interface Scene {
  org: Org
  random: Random
  now: () => number
  some: (object: string, fits?: (row: Record18) => boolean) => Record18 | undefined
}

type Deed = (scene: Scene) => string | undefined

/** Tries before a deed is given up because nothing fits it. */
const LOOKS = 30

export function livingOrg(org: Org, options: { random?: Random; now?: () => number } = {}): LivingOrg {
  const random = options.random ?? createRandom(7)
  const now = options.now ?? Date.now
  const scene: Scene = {
    org,
    random,
    now,
    some(object, fits = () => true) {
      const ids = [...org.table(object).rows()]
      for (let look = 0; look < LOOKS && ids.length > 0; look++) {
        const row = org.get(object, random.pick(ids).Id)
        if (row && row['IsDeleted'] !== true && row['IsConverted'] !== true && fits(row)) return row
      }
      return undefined
    },
  }
  return {
    step() {
      for (let attempt = 0; attempt < LOOKS; attempt++) {
        const told = pickDeed(random)(scene)
        if (told !== undefined) return told
      }
      return newLead(scene) ?? 'Nothing happened'
    },
  }
}

const named = (row: Record18, object: string): string =>
  `${String(row['Name'] ?? row.Id)} (${object} ${row.Id})`
const activeUser = (row: Record18): boolean => row['IsActive'] === true

const editPerson: Deed = ({ org, random, some }) => {
  const object = random.pick(['Lead', 'Contact'])
  const row = some(object)
  if (!row) return undefined
  const [field, value] = random.pick([
    ['Title', random.pick(words.TITLES)],
    ['Phone', `+46 8 ${random.integer(100_000, 999_999)}`],
    ['LeadSource', random.pick(words.LEAD_SOURCES)],
    [object === 'Lead' ? 'City' : 'MailingCity', random.pick(words.CITIES)[0]],
  ] as Array<[string, string]>)
  org.update(object, row.Id, { [field]: value })
  return `${named(row, object)} has a new ${field}: ${value}`
}

const workLead: Deed = ({ org, random, some }) => {
  const row = some('Lead')
  if (!row) return undefined
  const status = random.pick(words.LEAD_STATUSES)
  org.update('Lead', row.Id, { Status: status, Rating: random.pick(words.RATINGS) })
  return `${named(row, 'Lead')} is now "${status}"`
}

const newLead: Deed = ({ org, random, some }) => {
  const first = random.pick(words.FIRST_NAMES)
  const last = random.pick(words.LAST_NAMES)
  const company = `${random.pick(words.COMPANY_STEMS)} ${random.pick(words.COMPANY_ENDINGS)}`
  const owner = some('User', activeUser)
  const id = org.insert('Lead', {
    FirstName: first,
    LastName: last,
    Company: company,
    Email: `${first}.${last}.${random.integer(1, 999_999)}@new.example`.toLowerCase().replace("'", ''),
    LeadSource: random.pick(words.LEAD_SOURCES),
    ...(owner && { OwnerId: owner.Id }),
  })
  return `${first} ${last} of ${company} is a new lead (Lead ${id})`
}

const changeOwner: Deed = ({ org, random, some }) => {
  const object = random.pick(['Account', 'Lead', 'Contact', 'Opportunity'])
  const row = some(object)
  const user = some('User', (user) => activeUser(user) && user.Id !== row?.['OwnerId'])
  if (!row || !user) return undefined
  org.update(object, row.Id, { OwnerId: user.Id })
  return `${named(row, object)} now belongs to ${String(user['Name'])}`
}

const convert: Deed = ({ org, random, some }) => {
  const row = some('Lead')
  const owner = some('User', activeUser)
  if (!row || !owner) return undefined
  const queued = String(row['OwnerId']).startsWith('00G')
  const account = random.chance(0.5) ? some('Account') : undefined
  org.convertLead(row.Id, {
    createOpportunity: random.chance(0.5),
    ...(account && { accountId: account.Id }),
    ...(queued && { ownerId: owner.Id }),
  })
  return `${named(row, 'Lead')} converted to a contact of ${String(account?.['Name'] ?? row['Company'])}`
}

const moveStage: Deed = ({ org, random, some }) => {
  const row = some('Opportunity', (opportunity) => opportunity['IsClosed'] !== true)
  if (!row) return undefined
  const stage = random.pick([...words.OPEN_STAGES, 'Closed Won', 'Closed Lost'])
  org.update('Opportunity', row.Id, { StageName: stage })
  return `${named(row, 'Opportunity')} moved to ${stage}`
}

const newOpportunity: Deed = ({ org, random, some, now }) => {
  const contact = some('Contact', (row) => row['AccountId'] !== null)
  if (!contact) return undefined
  const name = `${random.pick(words.PRODUCTS)} for ${String(contact['Name'])}`.slice(0, 120)
  const id = org.insert('Opportunity', {
    Name: name,
    AccountId: contact['AccountId'],
    StageName: 'Prospecting',
    CloseDate: new Date(now() + 60 * 86_400_000),
    Amount: random.integer(100, 20_000),
  })
  org.insert('OpportunityContactRole', {
    OpportunityId: id,
    ContactId: contact.Id,
    Role: random.pick(words.ROLES),
    IsPrimary: true,
  })
  return `${name} is a new opportunity (Opportunity ${id}) with ${named(contact, 'Contact')}`
}

const growAccount: Deed = ({ org, random, some }) => {
  const row = some('Account')
  if (!row) return undefined
  const employees = random.integer(5, 20_000)
  org.update('Account', row.Id, { NumberOfEmployees: employees })
  return `${named(row, 'Account')} now has ${employees} employees`
}

const changeRole: Deed = ({ org, random, some }) => {
  const row = some('OpportunityContactRole')
  if (!row) return undefined
  const role = random.pick(words.ROLES)
  org.update('OpportunityContactRole', row.Id, { Role: role })
  return `The role of Contact ${String(row['ContactId'])} in an opportunity is now ${role} (OpportunityContactRole ${row.Id})`
}

const optOut: Deed = ({ org, random, some }) => {
  const object = random.pick(['Lead', 'Contact'])
  const row = some(object, (person) => person['HasOptedOutOfEmail'] !== true)
  if (!row) return undefined
  org.update(object, row.Id, { HasOptedOutOfEmail: true })
  return `${named(row, object)} opted out of e-mail`
}

const mergeLeads: Deed = ({ org, some }) => {
  const master = some('Lead')
  const loser = some('Lead', (row) => row.Id !== master?.Id)
  if (!master || !loser) return undefined
  org.merge('Lead', master.Id, [loser.Id])
  return `${named(loser, 'Lead')} was merged into ${named(master, 'Lead')}`
}

const deleteLead: Deed = ({ org, some }) => {
  const row = some('Lead', (lead) => lead['Status'] === 'Unqualified')
  if (!row) return undefined
  org.delete('Lead', row.Id)
  return `${named(row, 'Lead')} was deleted`
}

const DEEDS: ReadonlyArray<readonly [weight: number, deed: Deed]> = [
  [30, editPerson],
  [14, workLead],
  [12, newLead],
  [8, changeOwner],
  [5, convert],
  [14, moveStage],
  [5, newOpportunity],
  [5, growAccount],
  [3, changeRole],
  [2, optOut],
  [1, mergeLeads],
  [1, deleteLead],
]
const TOTAL = DEEDS.reduce((sum, [weight]) => sum + weight, 0)

function pickDeed(random: Random): Deed {
  let point = random.next() * TOTAL
  for (const [weight, deed] of DEEDS) {
    point -= weight
    if (point < 0) return deed
  }
  return newLead
}
