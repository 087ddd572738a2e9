// Whoever opted out stays so when persons are merged, however Marketo spells the fields.
import t from 'tap'
import type { MarketoSchema } from '../../src/marketo/describe.ts'
import { optOutFields, optOutsLost } from '../../src/sync/opt-outs.ts'

t.test("opt-outs are asked for by Marketo's own names", async (t) => {
  const fields = new Map(
    ['email', 'Unsubscribed', 'donotcall'].map((name) => [
      name.toLowerCase(),
      { name, dataType: 'boolean', length: undefined, updateable: true },
    ]),
  )
  const schema = { objects: { Lead: { fields, searchable: [] } } } as unknown as MarketoSchema
  t.strictSame(optOutFields(schema), ['Unsubscribed', 'donotcall'])
})

t.test('a winner lacks what one of the losers says and it does not', async (t) => {
  t.strictSame(optOutsLost({ unsubscribed: false }, [{ unsubscribed: true, doNotCall: false }]), {
    unsubscribed: true,
  })
  t.strictSame(optOutsLost({ donotcall: false }, [{ donotcall: true }]), { donotcall: true })
  t.strictSame(optOutsLost({ doNotCall: true }, [{ doNotCall: true, email: true }, undefined]), {})
  t.strictSame(optOutsLost(undefined, [{}, { Unsubscribed: true }]), { Unsubscribed: true })
})
