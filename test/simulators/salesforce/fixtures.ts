// What the simulator's own tests begin with.

import type { Test } from 'tap'
import { startSalesforce, type SalesforceOptions } from './index.ts'
import { createWire } from './wire.ts'

export const CHANNEL = '/event/Record_Change__e'

export async function until(t: Test, condition: () => boolean): Promise<void> {
  for (let i = 0; i < 400 && !condition(); i++) await new Promise((resolve) => setTimeout(resolve, 5))
  if (!condition()) t.fail('the condition did not come true within 2 s')
}

/** An org with a user, and an ear for what it publishes. */
export async function startOrg(t: Test, now?: () => number) {
  const sf = await startSalesforce(now ? { now } : {})
  t.teardown(() => sf.close())
  const { org } = sf
  const user = org.insert('User', { LastName: 'Lind', Username: 'a@x.example', Email: 'a@x.example' })
  sf.events.published.length = 0
  /** What was published since the last look, shortly. */
  const heard = () =>
    sf.events.published.splice(0).map((event) => {
      const payload = event.payload as Record<string, string | null>
      const {
        Object_Type__c: object,
        Change_Type__c: type,
        Record_Ids__c: ids,
        Replaced_By_Ids__c: by,
      } = payload
      return [object, type, ids, by].filter((part) => part !== null).join(' ')
    })
  return { sf, org, user, heard }
}

export const person = (LastName: string, extra = {}) => ({ LastName, Company: 'Acme', ...extra })

/** A client that has done nothing yet. */
export async function startStream(t: Test, options: SalesforceOptions = {}) {
  const sf = await startSalesforce({ longPollMs: 300, ...options })
  t.teardown(() => sf.close())
  const wire = await createWire(sf)
  return { sf, wire }
}

/** A client that has shaken hands, connected once and subscribed. */
export async function listen(t: Test, options: SalesforceOptions = {}, replay?: unknown) {
  const { sf, wire } = await startStream(t, options)
  await wire.handshake()
  await wire.connect()
  const subscribed = await wire.subscribe(CHANNEL, replay)
  t.equal(subscribed['successful'], true)
  return { sf, wire }
}
