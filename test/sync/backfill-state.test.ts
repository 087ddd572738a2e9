import t from 'tap'
import type { ObjectName } from '../../src/salesforce/ids.ts'
import {
  aheadOf,
  BEGINNING,
  leftOf,
  setAside,
  takeUp,
  type BackfillState,
} from '../../src/sync/backfill-state.ts'

const stateOf = (changes: Partial<BackfillState>): BackfillState => ({
  state: 'running',
  objects: ['User', 'Account', 'Lead', 'Contact'],
  force: false,
  marked: 0,
  total: 0,
  object: null,
  ...BEGINNING,
  watermark: null,
  startedAt: '',
  finishedAt: null,
  reason: null,
  ...changes,
})

t.test('what is left begins with the object under way', async (t) => {
  t.strictSame(leftOf(stateOf({})), ['User', 'Account', 'Lead', 'Contact'])
  t.strictSame(leftOf(stateOf({ object: 'Lead' })), ['Lead', 'Contact'])
})

t.test('parents go before children; what rests is passed over, and holds up nothing', async (t) => {
  const resting =
    (...objects: string[]) =>
    (object: string) =>
      objects.includes(object)
  const left: ObjectName[] = ['Account', 'Lead', 'Contact', 'User']
  t.strictSame(aheadOf(left, resting()), ['User', 'Account', 'Lead', 'Contact'])
  t.strictSame(aheadOf(left, resting('User')), ['Account', 'Lead', 'Contact'])
  t.strictSame(aheadOf(left, resting('User', 'Lead')), ['Account', 'Lead', 'Contact'])
  t.strictSame(aheadOf(left, resting(...left)), [])
})

t.test(
  'what is set aside comes last, and goes on at its place; a kill at any time forgets none of it',
  async (t) => {
    const place = { jobId: '750', locator: 'x' }
    const failing = stateOf({ object: 'Account', ...place })
    const { state, left } = setAside(failing, leftOf(failing), place)
    t.match(state, { objects: ['User', 'Lead', 'Contact', 'Account'], object: 'Lead', ...BEGINNING })
    t.strictSame(left, ['Lead', 'Contact', 'Account'])
    t.strictSame(leftOf(state), left)

    const contact = takeUp(state, left, 'Contact')
    t.match(contact, { object: 'Contact', ...BEGINNING })
    t.strictSame(leftOf(contact), ['Contact', 'Lead', 'Account'])
    const account = takeUp(contact, ['Contact', 'Account'], 'Account')
    t.match(account, { objects: ['User', 'Lead', 'Account', 'Contact'], object: 'Account', ...place })
    t.strictSame(takeUp(account, leftOf(account), 'Contact').aside, { Account: place })
  },
)

t.test('the only one that is left stays under way, at the place that is given', async (t) => {
  const only = stateOf({ object: 'Contact', jobId: '750', locator: 'x' })
  t.match(setAside(only, ['Contact'], BEGINNING).state, { object: 'Contact', ...BEGINNING })
})
