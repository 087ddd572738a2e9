import t from 'tap'
import { OBJECTS } from '../../../src/salesforce/ids.ts'
import { isCompanyField } from '../../../src/sync/objects/definition.ts'
import { before, DEFINITIONS, ORDER, personObjectOf } from '../../../src/sync/objects/index.ts'

t.test('every object has its place in the order, after all that it points to', async (t) => {
  t.strictSame(
    ORDER.flat().map(({ object }) => object),
    [...OBJECTS],
  )
  for (const definition of ORDER.flat()) {
    t.equal(DEFINITIONS[definition.object], definition)
    for (const parent of definition.parents)
      t.ok(before(definition.object).includes(parent.object), `${definition.object} after ${parent.object}`)
  }
})

t.test('Leads and Contacts do not wait for each other', async (t) => {
  t.strictSame(before('Lead'), ['User', 'Account'])
  t.strictSame(before('Contact'), ['User', 'Account'])
  t.strictSame(before('User'), [])
})

t.test('no target twice, and no field of the company through a person', async (t) => {
  for (const { object, marketo, mapping, key, parents } of ORDER.flat()) {
    const targets = [key, ...parents.filter((parent) => !parent.required).map((parent) => parent.target)]
    targets.push(...mapping.map(([, to]) => to))
    t.equal(new Set(targets).size, targets.length, object)
    if (marketo === 'Lead') t.notOk(targets.some(isCompanyField))
  }
})

t.test('a person’s object is told by its id', async (t) => {
  t.equal(personObjectOf('0035e000001AbCdEAV'), 'Contact')
  t.equal(personObjectOf('00Q5e000001AbCdEAV'), 'Lead')
})
