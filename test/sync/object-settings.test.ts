import t from 'tap'
import { effectiveSettings, type ObjectSetting } from '../../src/sync/object-settings.ts'

const FILTER = "Country = 'Germany'"
const setting = (object: string, filter: string | null = null, active = true): ObjectSetting => ({
  object,
  active,
  filter,
})

t.test('the first row of an object counts; rows of nothing of ours are bad', async (t) => {
  const { settings, bad } = effectiveSettings({
    settings: [setting('Lead', FILTER), setting('Lead', null), setting('Case')],
  })
  t.strictSame([...settings], [['Lead', { active: true, filter: FILTER }]])
  t.match(bad, [
    { object: 'Lead', reason: /another row/ },
    { object: 'Case', reason: /not one of User, Account/ },
  ])
})

t.test('a filter that Salesforce refuses changes nothing', async (t) => {
  const broken = setting('Lead', 'Country =')
  const refused = new Map([[broken, 'unexpected token']])
  const settingsAfter = (before?: { active: boolean; filter: string | null }, given = broken) => {
    const input = { settings: [given], refused: new Map([[given, 'unexpected token']]) }
    return effectiveSettings({ ...input, before: before && { Lead: before } }).settings.get('Lead')
  }
  t.strictSame(settingsAfter({ active: true, filter: FILTER }), { active: true, filter: FILTER })
  t.strictSame(settingsAfter({ active: true, filter: null }), { active: true, filter: null })
  t.strictSame(settingsAfter(), { active: false, filter: null }, 'nothing goes out unfiltered')
  t.strictSame(
    settingsAfter({ active: true, filter: FILTER }, setting('Lead', 'Country =', false)),
    { active: false, filter: FILTER },
    'switching off holds all the same',
  )
  const { bad } = effectiveSettings({ settings: [broken], refused })
  t.strictSame(bad, [{ object: 'Lead', filter: 'Country =', reason: 'unexpected token' }])
})
