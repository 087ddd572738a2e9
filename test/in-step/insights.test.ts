import t from 'tap'
import { startPair } from './fixtures/pair.ts'
import { insightsInStep } from './insights.ts'

const FIELDS = {
  mkto_si__Last_Interesting_Moment_Type__c: 'Web',
  mkto_si__Last_Interesting_Moment_Date__c: '2026-11-01T10:00:00.000Z',
  mkto_si__Last_Interesting_Moment_Desc__c: 'Visited',
  mkto_si__Last_Interesting_Moment_Source__c: 'Web',
  mkto_si__Priority__c: 0,
  mkto_si__Urgency_Value__c: 2,
  mkto_si__Relative_Score_Value__c: 3,
}

t.test('values are in step when all seven are on the record, and a zero is one', async (t) => {
  const { org, marketo, lead, leadPerson } = await startPair(t)
  const { instance } = marketo
  t.strictSame(insightsInStep(org, instance).records, 0, 'without values nothing is asked')
  instance.interestingMoment(leadPerson, {
    type: 'Web',
    description: 'Visited',
    source: 'Web',
    date: '2026-11-01T11:00:00+0100',
  })
  instance.changeScore(leadPerson, { priority: 0, relativeUrgency: 2, relativeScore: 3 })
  const before = insightsInStep(org, instance)
  t.match(before, { ok: false, expected: 7, written: 0, records: 1 })
  t.equal(before.differences.length, 7)
  org.update('Lead', lead, FIELDS)
  t.match(insightsInStep(org, instance), { ok: true, expected: 7, written: 7, differences: [] })

  for (const [name, value] of Object.entries(FIELDS)) {
    org.update('Lead', lead, { [name]: typeof value === 'number' ? value + 1 : null })
    const found = insightsInStep(org, instance)
    t.match(found, { ok: false, written: 6, differences: [new RegExp(name)] }, name)
    org.update('Lead', lead, { [name]: value })
  }
})

t.test('a value that Marketo no longer has is to go from the record too', async (t) => {
  const { org, marketo, contact, contactPerson } = await startPair(t)
  marketo.instance.interestingMoment(contactPerson, { type: 'Web', source: 'Web' })
  const date = new Date(
    Number(marketo.instance.leads.get(contactPerson)!.fields.msiLastInterestingMomentDate),
  )
  org.update('Contact', contact, {
    ...FIELDS,
    mkto_si__Last_Interesting_Moment_Date__c: date,
    mkto_si__Priority__c: null,
    mkto_si__Urgency_Value__c: null,
    mkto_si__Relative_Score_Value__c: null,
  })
  t.match(insightsInStep(org, marketo.instance).differences, [/Desc__c is "Visited".* is null/])
})

t.test('what the record can not hold is cut, and what is no date is none', async (t) => {
  const { org, marketo, lead, leadPerson } = await startPair(t)
  marketo.instance.interestingMoment(leadPerson, {
    type: 'Web',
    description: `${'x'.repeat(254)}🚀`,
    source: 'Web',
    date: 'soon',
  })
  org.update('Lead', lead, {
    mkto_si__Last_Interesting_Moment_Type__c: 'Web',
    mkto_si__Last_Interesting_Moment_Source__c: 'Web',
    mkto_si__Last_Interesting_Moment_Desc__c: 'x'.repeat(254),
  })
  t.strictSame(insightsInStep(org, marketo.instance).differences, [])
})
