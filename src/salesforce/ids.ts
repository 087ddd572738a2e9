// Record ids. All ids are kept with 18 characters: the 15-character form is case-sensitive and loses against case-blind stores.
// Checksum and key prefixes: facts measured on real ids; "What are record ID suffixes", help.salesforce.com.

/** The synced objects in dependency order: a record refers only to objects before its own. */
export const OBJECTS = [
  'User',
  'Account',
  'Lead',
  'Contact',
  'Opportunity',
  'OpportunityContactRole',
] as const
export type ObjectName = (typeof OBJECTS)[number]

const PREFIXES: Record<string, ObjectName> = {
  '005': 'User',
  '001': 'Account',
  '00Q': 'Lead',
  '003': 'Contact',
  '006': 'Opportunity',
  '00K': 'OpportunityContactRole',
}

const SUFFIX_ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ012345'

/** 15 or 18 characters in, 18 out; undefined for what is no id: length, characters, or a checksum that doesn't fit. */
export function toId18(text: string): string | undefined {
  const id = text.trim()
  if (!/^[A-Za-z0-9]{15}(?:[A-Za-z0-5]{3})?$/.test(id)) return undefined
  const body = id.slice(0, 15)
  const suffix = suffixOf(body)
  if (id.length === 18 && id.slice(15).toUpperCase() !== suffix) return undefined
  return body + suffix
}

/** One character per five: bit j is set where the j-th of the five is a capital. */
function suffixOf(body: string): string {
  let suffix = ''
  for (let start = 0; start < body.length; start += 5) {
    let bits = 0
    for (let j = 0; j < 5; j++) if (isCapital(body.charCodeAt(start + j))) bits |= 1 << j
    suffix += SUFFIX_ALPHABET.charAt(bits)
  }
  return suffix
}

const isCapital = (code: number): boolean => code >= 65 && code <= 90

export function objectOf(id: string): ObjectName | undefined {
  const prefix = id.slice(0, 3)
  return Object.hasOwn(PREFIXES, prefix) ? PREFIXES[prefix] : undefined
}

/** A Lead's owner may be a queue, which is no sales person. */
export function isQueueId(id: string): boolean {
  return id.startsWith('00G')
}
