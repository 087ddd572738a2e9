import t from 'tap'
import { OBJECTS } from '../../src/salesforce/ids.ts'
import { effectiveMapping } from '../../src/sync/mapping.ts'
import { scopeOf } from '../../src/sync/scope.ts'
import { everyField, wholeMapping } from './fixtures/mappings.ts'

t.test('each object’s own scope', async (t) => {
  const { objects } = wholeMapping()
  t.strictSame(
    OBJECTS.map((object) => scopeOf(objects[object])),
    [
      "IsActive = true AND UserType = 'Standard'",
      'IsPersonAccount = false',
      'IsConverted = false',
      undefined,
      undefined,
      undefined,
    ],
  )
})

t.test('the admin’s filter narrows it, and can’t widen it by an OR', async (t) => {
  const { objects } = wholeMapping({
    settings: [
      { object: 'Lead', active: true, filter: "Rating = 'Hot' OR Rating = 'Warm'" },
      { object: 'Contact', active: true, filter: 'Email != null' },
    ],
  })
  t.equal(scopeOf(objects.Lead), "IsConverted = false AND (Rating = 'Hot' OR Rating = 'Warm')")
  t.equal(scopeOf(objects.Contact), '(Email != null)')
})

t.test('an org without person accounts is not asked for them', async (t) => {
  const { salesforce, marketo } = everyField()
  salesforce.Account = new Map([...salesforce.Account].filter(([field]) => field !== 'IsPersonAccount'))
  const { objects } = effectiveMapping({ salesforce, marketo, rows: [], settings: [] })
  t.equal(scopeOf(objects.Account), undefined)
})
