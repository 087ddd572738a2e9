// Fills an org with a plausible sales organisation, silently (no events): the same seed gives the same rows.
// Its oddities are those of real orgs: missing and shared e-mails, queue-owned leads, blank roles, contacts
// without account, other scripts, emoji, long texts, a converted lead, a user who has left.

import type { Fields } from './dml-save.ts'
import type { Org } from './org.ts'
import * as words from './org-words.ts'
import { createRandom, type Random } from './random.ts'

export interface GenerateOptions {
  seed?: number
  users?: number
  accounts?: number
  /** Leads and contacts together. */
  people?: number
  opportunities?: number
  now?: () => number
}

const SILENT = { silent: true }
const DAY = 86_400_000

export function generateOrg(org: Org, options: GenerateOptions = {}): Record<string, number> {
  const { seed = 1, users = 25, accounts = 300, people = 2_000, opportunities = 800 } = options
  const random = createRandom(seed)
  const now = (options.now ?? Date.now)()
  const load = (object: string, rows: Fields[]) => org.insert(object, rows, SILENT)

  const userIds = load(
    'User',
    times(users, (i) => user(random, now, i, users)),
  )
  const sellers = userIds.slice(0, Math.max(1, users - 1))
  const queueIds = load(
    'Group',
    ['Inbound', 'Partners'].map((name) => ({
      Name: `${name} Queue`,
      DeveloperName: `${name}_Queue`,
      Type: 'Queue',
    })),
  )
  const companies = times(accounts, (i) => companyName(random, i))
  const accountIds = load(
    'Account',
    companies.map((name) => account(random, now, name, sellers)),
  )
  const emails: string[] = []
  const contactCount = Math.round(people * 0.45)
  const contactAccounts = times(contactCount, () =>
    accounts === 0 || random.chance(0.02) ? undefined : random.integer(0, accounts - 1),
  )
  const contactIds = load(
    'Contact',
    contactAccounts.map((position) => ({
      ...person(
        random,
        now,
        sellers,
        emails,
        position === undefined ? 'private.example' : companies[position]!,
      ),
      AccountId: position === undefined ? undefined : accountIds[position],
      Department: random.pick(['Sales', 'IT', 'Purchasing', '']),
      ...address(random, 'Mailing'),
    })),
  )
  load(
    'Lead',
    times(people - contactCount, (i) => lead(random, now, i, sellers, queueIds, emails, contactIds)),
  )
  const byAccount = groupContacts(contactIds, contactAccounts)
  const opportunityAccounts = times(opportunities, () =>
    accounts === 0 || random.chance(0.01) ? undefined : random.integer(0, accounts - 1),
  )
  const opportunityIds = load(
    'Opportunity',
    opportunityAccounts.map((position) => ({
      ...opportunity(random, now, position === undefined ? 'Unknown' : companies[position]!, sellers),
      AccountId: position === undefined ? undefined : accountIds[position],
    })),
  )
  load(
    'OpportunityContactRole',
    opportunityIds.flatMap((id, i) =>
      roles(random, now, id, byAccount.get(opportunityAccounts[i] ?? -1) ?? contactIds.slice(0, 5)),
    ),
  )
  const objects = ['User', 'Account', 'Lead', 'Contact', 'Opportunity', 'OpportunityContactRole']
  return Object.fromEntries(objects.map((object) => [object, org.count(object)]))
}

const times = <T>(count: number, make: (i: number) => T): T[] =>
  Array.from({ length: count }, (_, i) => make(i))

function stamps(random: Random, now: number): Fields {
  const created = now - random.integer(2, 720) * DAY - random.integer(0, DAY)
  const modified = created + Math.floor(random.next() * (now - DAY - created))
  return { CreatedDate: created, LastModifiedDate: modified, SystemModstamp: modified }
}

const slug = (text: string): string =>
  text
    .normalize('NFD')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '')

function user(random: Random, now: number, i: number, count: number): Fields {
  const first = random.pick(words.FIRST_NAMES)
  const last = words.LAST_NAMES[i % words.LAST_NAMES.length]!
  const email = `${slug(first)}.${slug(last)}.${i + 1}@sales.example`
  return {
    Username: email,
    Email: email,
    FirstName: first,
    LastName: last,
    Title: i === 0 ? 'Head of Sales' : random.pick(['Account Executive', 'Regional Manager', 'Sales Agent']),
    Department: random.pick(['Central', 'East', 'West']),
    Phone: phone(random),
    IsActive: count < 2 || i < count - 1,
    ...stamps(random, now),
  }
}

const phone = (random: Random): string =>
  `+${random.integer(1, 98)} ${random.integer(100, 999)} ${random.integer(100_000, 999_999)}`

function companyName(random: Random, i: number): string {
  const stem = words.COMPANY_STEMS[i % words.COMPANY_STEMS.length]!
  const name =
    `${stem} ${random.pick(words.COMPANY_ENDINGS)} ${i < words.COMPANY_STEMS.length ? '' : i}`.trim()
  if (random.chance(0.01)) return `${name} 🚀`
  // The longest name that an Account can have.
  return random.chance(0.005) ? `${name} `.padEnd(255, 'of the united subsidiaries ').trim() : name
}

function address(random: Random, prefix: string): Fields {
  if (random.chance(0.15)) return {}
  const [city, state, code, country] = random.pick(words.CITIES)
  const street = `${random.integer(1, 900)} ${random.pick(words.LAST_NAMES)} Street`
  return {
    [`${prefix}Street`]: random.chance(0.1) ? `${street}\nFloor ${random.integer(1, 30)}` : street,
    [`${prefix}City`]: city,
    [`${prefix}State`]: state,
    [`${prefix}PostalCode`]: code,
    [`${prefix}Country`]: country,
  }
}

function account(random: Random, now: number, name: string, owners: string[]): Fields {
  return {
    Name: name,
    OwnerId: random.pick(owners),
    Industry: random.pick(words.INDUSTRIES),
    AnnualRevenue: random.integer(1, 5_000) * 100_000,
    NumberOfEmployees: random.integer(3, 20_000),
    Phone: phone(random),
    Website: `https://${slug(name).slice(0, 30) || 'company'}.example`,
    Site: random.chance(0.2) ? 'Headquarters' : undefined,
    Sic: random.chance(0.3) ? String(random.integer(1_000, 9_999)) : undefined,
    ...address(random, 'Billing'),
    ...stamps(random, now),
  }
}

function person(random: Random, now: number, owners: string[], emails: string[], company: string): Fields {
  const [first, last] = random.chance(0.04)
    ? random.pick(words.RARE_NAMES)
    : [random.pick(words.FIRST_NAMES), random.pick(words.LAST_NAMES)]
  return {
    FirstName: random.chance(0.05) ? undefined : first,
    LastName: last,
    Salutation: random.chance(0.3) ? random.pick(['Ms.', 'Mr.', 'Dr.']) : undefined,
    Title: random.chance(0.9) ? random.pick(words.TITLES) : undefined,
    Email: email(random, emails, first, last, company),
    Phone: random.chance(0.8) ? phone(random) : undefined,
    MobilePhone: random.chance(0.3) ? phone(random) : undefined,
    LeadSource: random.chance(0.7) ? random.pick(words.LEAD_SOURCES) : undefined,
    Description: random.chance(0.2) ? note(random) : undefined,
    DoNotCall: random.chance(0.04),
    HasOptedOutOfEmail: random.chance(0.05),
    OwnerId: random.pick(owners),
    ...stamps(random, now),
  }
}

const note = (random: Random): string => {
  const text = random.pick(words.NOTES)
  return random.chance(0.05) ? `${text}\n`.repeat(60) : text
}

/** One in twenty has none, one in thirty shares somebody else's. */
function email(
  random: Random,
  emails: string[],
  first: string,
  last: string,
  company: string,
): string | undefined {
  if (random.chance(0.05)) return undefined
  if (emails.length > 0 && random.chance(0.03)) return random.pick(emails)
  const local = [slug(first), slug(last)].filter((part) => part !== '').join('.') || 'person'
  const made = `${local}.${emails.length + 1}@${slug(company).slice(0, 24) || 'company'}.example`
  emails.push(made)
  return made
}

function lead(
  random: Random,
  now: number,
  i: number,
  owners: string[],
  queues: string[],
  emails: string[],
  contacts: string[],
): Fields {
  const company = companyName(random, 1_000 + i)
  const converted = contacts.length > 0 && random.chance(0.02)
  return {
    ...person(random, now, owners, emails, company),
    ...(random.chance(0.06) && { OwnerId: random.pick(queues) }),
    Company: company,
    Status: converted ? 'Closed - Converted' : random.pick(words.LEAD_STATUSES),
    Rating: random.chance(0.5) ? random.pick(words.RATINGS) : undefined,
    Industry: random.pick(words.INDUSTRIES),
    ...address(random, ''),
    ...(converted && { IsConverted: true, ConvertedContactId: random.pick(contacts) }),
  }
}

function groupContacts(ids: string[], accounts: Array<number | undefined>): Map<number, string[]> {
  const groups = new Map<number, string[]>()
  for (const [i, id] of ids.entries()) {
    const position = accounts[i]
    if (position === undefined) continue
    groups.set(position, [...(groups.get(position) ?? []), id])
  }
  return groups
}

function opportunity(random: Random, now: number, company: string, owners: string[]): Fields {
  const closed = random.chance(0.6)
  const close = now + random.integer(closed ? -600 : 5, closed ? -3 : 200) * DAY
  return {
    Name: `${company.slice(0, 60)} - ${random.pick(words.PRODUCTS)} ${random.integer(1_000, 9_999)}`,
    OwnerId: random.pick(owners),
    StageName: random.pick(closed ? words.CLOSED_STAGES : words.OPEN_STAGES),
    Amount: random.chance(0.95) ? random.integer(50, 30_000) : undefined,
    CloseDate: new Date(close).toISOString().slice(0, 10),
    Type: random.pick(words.OPPORTUNITY_TYPES),
    NextStep: random.chance(0.3) ? 'Send the offer' : undefined,
    ...stamps(random, now),
  }
}

/** One to three contacts of the account, the first primary; now and then one of them in two roles. */
function roles(random: Random, now: number, opportunityId: string, contacts: string[]): Fields[] {
  if (contacts.length === 0) return []
  const chosen = new Set(times(random.integer(1, 3), () => random.pick(contacts)))
  const made: Fields[] = [...chosen].map((contactId, i) => ({
    OpportunityId: opportunityId,
    ContactId: contactId,
    Role: random.chance(0.1) ? undefined : random.pick(words.ROLES),
    IsPrimary: i === 0,
    ...stamps(random, now),
  }))
  if (random.chance(0.01)) made.push({ ...made[0], Role: 'Technical Buyer', IsPrimary: false })
  return made
}
