import t from 'tap'
import { findByEmail } from '../../src/salesforce/find-by-email.ts'
import { connectSimulated } from './fixtures/simulated.ts'

t.test('an address is looked for as it is: its quotes end no text of the query', async (t) => {
  const { simulator, salesforce } = await connectSimulated(t)
  const lead = (Email: string): string =>
    simulator.org.insert('Lead', { LastName: Email, Company: 'X', Email })
  const irish = lead("o'neill@x.example")
  lead('other@x.example')
  const find = async (email: string): Promise<string[]> =>
    (await findByEmail(salesforce, email, new AbortController().signal)).map(({ id }) => id)
  t.strictSame(await find("o'neill@x.example"), [irish])
  for (const hostile of ["x' OR Email != '", "x\\' OR Email != '", '\\', "' LIMIT 1 --"])
    t.strictSame(await find(hostile), [], hostile)
})
