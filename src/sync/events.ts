// What a platform event tells us: which records to look at. Pure. An event is a doorbell: whether a record was deleted, merged or
// converted is read from Salesforce, so a forged or repeated event can't do damage.
import { z } from 'zod'
import { OBJECTS, objectOf, toId18, type ObjectName } from '../salesforce/ids.ts'

export const CHANNEL = '/event/Record_Change__e'

const text = z
  .string()
  .nullish()
  .transform((value) => value ?? '')

const payloadSchema = z.object({
  Object_Type__c: z.enum(OBJECTS),
  Change_Type__c: z.enum(['CREATE', 'UPDATE', 'DELETE', 'UNDELETE', 'MERGE', 'CONVERT']),
  Record_Ids__c: text,
  Replaced_By_Ids__c: text,
})

export interface EventReading {
  /** Records to mark, once each. */
  records: { object: ObjectName; id: string }[]
  /** Why the event, or a part of it, could not be understood; undefined when all of it was. */
  problem: string | undefined
}

/** Never throws, whatever the payload is. Of an event with 199 good ids and a broken one, the 199 are returned, and the problem. */
export function readEvent(payload: unknown): EventReading {
  const parsed = payloadSchema.safeParse(payload)
  if (!parsed.success) {
    const issue = parsed.error.issues[0]
    return {
      records: [],
      problem: `The event is no Record_Change__e: ${issue?.path.join('.') || 'its payload'}: ${issue?.message ?? 'not understood'}`,
    }
  }
  const {
    Object_Type__c: object,
    Record_Ids__c: ids,
    Replaced_By_Ids__c: replacedBy,
    Change_Type__c: change,
  } = parsed.data
  const records = new Map<string, { object: ObjectName; id: string }>()
  const broken: string[] = []
  const add = (list: string, expected: ObjectName): void => {
    for (const part of list.split(',').map((item) => item.trim())) {
      if (part === '') continue
      const id = toId18(part)
      if (id === undefined || objectOf(id) !== expected) broken.push(part)
      else records.set(id, { object: expected, id })
    }
  }
  add(ids, object)
  if (change === 'MERGE') add(replacedBy, object)
  if (change === 'CONVERT') add(replacedBy, 'Contact')
  if (records.size === 0 && broken.length === 0) broken.push('(no ids at all)')
  return {
    records: [...records.values()],
    problem:
      broken.length === 0
        ? undefined
        : `${broken.length} of its ids can't be ids of ${object} records: ${broken.slice(0, 3).join(', ').slice(0, 200)}`,
  }
}
