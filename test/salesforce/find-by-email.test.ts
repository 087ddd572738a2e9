import * as fc from 'fast-check'
import t from 'tap'
import { findByEmail } from '../../src/salesforce/find-by-email.ts'
import { connectSimulated } from './fixtures/simulated.ts'

const signal = AbortSignal.timeout(60_000)

t.test('whatever is asked for, only who has this address is found', async (t) => {
  const { salesforce, simulator } = await connectSimulated(t)
  const { org } = simulator
  const addresses = ["o'brien@example.com", 'a\\b@example.com', 'jane@example.com']
  const ids = addresses.map((Email) => org.insert('Lead', { LastName: 'Doe', Company: 'Acme', Email }))
  for (const [n, address] of addresses.entries())
    t.match(await findByEmail(salesforce, address, signal), [{ id: ids[n], object: 'Lead' }], address)

  const part = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 40 }),
    fc.constantFrom("'", "\\'", '\\', "' OR Email != '", '\u2028', '%', '_', "') OR (Name != '", '\n', '--'),
  )
  await fc.assert(
    fc.asyncProperty(fc.array(part, { minLength: 1, maxLength: 4 }), async (parts) => {
      const found = await findByEmail(salesforce, `${parts.join('')}@example.com`.toWellFormed(), signal)
      if (found.length > 0) throw new Error(`found ${JSON.stringify(found)}`)
    }),
    { numRuns: 60 },
  )
})
