import t from 'tap'
import { CALL_CODES } from '../../src/marketo/call-codes.ts'
import { failed, type Failed, type RecordResult } from '../../src/marketo/outcome.ts'
import { RECORD_CODES } from '../../src/marketo/record-codes.ts'
import { backoff, verdictAlone, verdictOfCall, verdictOfRecord } from '../../src/marketo/verdict.ts'

const response = (code: string): Failed => failed('response', code, 'as Marketo says', true)
const status = (code: number): Failed => failed('http', `HTTP ${code}`, '', true, { status: code })
const skipped = (...codes: string[]): RecordResult => ({
  status: 'skipped',
  reasons: codes.map((code) => ({ code, message: 'as Marketo says' })),
})

const read = { write: false, attempt: 1 }
const write = { write: true, attempt: 1 }

/** Every code of Marketo's error page as the answer to a whole call: what a read and what a write make of it. */
const CALLS: Record<string, [read: string, write: string]> = {
  '500': ['again', 'ambiguous'],
  '502': ['again', 'ambiguous'],
  '601': ['renew-token', 'renew-token'],
  '602': ['renew-token', 'renew-token'],
  '603': ['stop', 'stop'],
  '604': ['again', 'ambiguous'],
  '605': ['stop', 'stop'],
  '606': ['rate', 'rate'],
  '607': ['quota', 'quota'],
  '608': ['again', 'again'],
  '609': ['refused', 'bisect'],
  '610': ['stop', 'stop'],
  '611': ['again', 'ambiguous'],
  '612': ['stop', 'stop'],
  '613': ['stop', 'stop'],
  '614': ['again', 'again'],
  '615': ['rate', 'rate'],
  '616': ['stop', 'stop'],
  '701': ['refused', 'bisect'],
  '702': ['accepted', 'bisect'],
  '703': ['stop', 'stop'],
  '704': ['refused', 'bisect'],
  '709': ['refused', 'bisect'],
  '712': ['refused', 'refused'],
  '713': ['again', 'again'],
  '714': ['refused', 'refused'],
  '718': ['refused', 'bisect'],
  '719': ['again', 'again'],
  '1001': ['refused', 'bisect'],
  '1002': ['refused', 'bisect'],
  '1003': ['refused', 'bisect'],
  '1004': ['accepted', 'gone'],
  '1005': ['refused', 'bisect'],
  '1006': ['refused', 'bisect'],
  '1007': ['several', 'several'],
  '1008': ['refused', 'bisect'],
  '1009': ['refused', 'bisect'],
  '1010': ['refused', 'bisect'],
  '1011': ['unsupported-lookup', 'unsupported-lookup'],
  '1013': ['accepted', 'gone'],
  '1016': ['again', 'again'],
  '1017': ['refused', 'bisect'],
  '1018': ['stop', 'stop'],
  '1019': ['again', 'again'],
  '1021': ['refused', 'bisect'],
  '1022': ['in-use', 'in-use'],
  '1029': ['again', 'again'],
  '1035': ['refused', 'bisect'],
  '1036': ['refused', 'bisect'],
  '1077': ['refused', 'bisect'],
  '1080': ['refused', 'bisect'],
}

t.test('every code of a whole call has its verdict, for reads and for writes', async (t) => {
  for (const [code, [ofRead, ofWrite]] of Object.entries(CALLS)) {
    t.equal(verdictOfCall(response(code), read).kind, ofRead, `${code} read`)
    t.equal(verdictOfCall(response(code), write).kind, ofWrite, `${code} write`)
  }
})

/** The same codes as the reason of one skipped record. */
const RECORDS: Record<string, string> = {
  '1001': 'refused',
  '1002': 'refused',
  '1003': 'refused',
  '1004': 'gone',
  '1005': 'again',
  '1006': 'refused',
  '1007': 'several',
  '1008': 'refused',
  '1009': 'refused',
  '1010': 'refused',
  '1011': 'unsupported-lookup',
  '1013': 'gone',
  '1014': 'again',
  '1016': 'again',
  '1017': 'again',
  '1018': 'stop',
  '1019': 'again',
  '1020': 'again',
  '1021': 'refused',
  '1022': 'in-use',
  '1029': 'again',
  '1035': 'refused',
  '1036': 'again',
  '1077': 'refused',
  '1080': 'refused',
  '603': 'stop',
  '604': 'again',
  '611': 'again',
  '713': 'again',
  '718': 'gone',
  '719': 'again',
}

t.test('every code of a skipped record has its verdict', async (t) => {
  for (const [code, kind] of Object.entries(RECORDS))
    t.equal(verdictOfRecord(skipped(code), write).kind, kind, code)
})

t.test('every code says in words what happened and what to do', async (t) => {
  for (const [code, { reason, advice }] of [...CALL_CODES, ...RECORD_CODES]) {
    t.match(reason, /^[A-Z0-9].*\.$/s, `${code}: a sentence`)
    t.match(advice, /^[A-Z].*\.$/s, `${code}: advice`)
  }
  const verdict = verdictOfCall(response('1018'), write)
  t.match(verdict, { reason: /native CRM sync/, advice: /Admin > / })
  t.match(verdict, { reason: /1018: as Marketo says/ }, "Marketo's own words are kept")
})

t.test('what the network does is ambiguous only for a write that was sent', async (t) => {
  for (const code of ['timed-out', 'connection-lost', 'not-json', 'not-marketo', 'too-large', 'aborted']) {
    t.equal(verdictOfCall(failed('network', code, '', true), write).kind, 'ambiguous', code)
    t.equal(verdictOfCall(failed('network', code, '', true), read).kind, 'again', code)
    t.equal(verdictOfCall(failed('network', code, '', false), write).kind, 'again', `${code}, not sent`)
  }
  t.equal(verdictOfCall(failed('network', 'not-connected', '', false), write).kind, 'again')
  t.equal(verdictOfCall(failed('body', 'results-misaligned', '', true), write).kind, 'ambiguous')
})

t.test('HTTP statuses have verdicts, known and unknown ones', async (t) => {
  for (const code of [500, 502, 503, 504, 520, 599])
    t.equal(verdictOfCall(status(code), write).kind, 'ambiguous', `${code}`)
  t.equal(verdictOfCall(status(503), read).kind, 'again')
  t.equal(verdictOfCall(status(413), write).kind, 'bisect')
  t.equal(verdictOfCall(status(414), write).kind, 'bisect')
  t.equal(verdictOfCall(status(429), write).kind, 'rate')
  t.equal(verdictOfCall(status(401), write).kind, 'renew-token')
  t.equal(verdictOfCall(status(404), write).kind, 'stop')
  t.equal(verdictOfCall(status(302), write).kind, 'again', 'a redirect for a while')
  t.equal(verdictOfCall(status(302), { write: true, attempt: 4 }).kind, 'stop', 'a redirect for ever')
  for (const code of [101, 201, 202, 203, 204]) {
    t.equal(verdictOfCall(status(code), write).kind, 'ambiguous', `${code}: Marketo may be at work`)
    t.equal(verdictOfCall(status(code), { write: true, attempt: 9 }).kind, 'ambiguous', `${code} that stays`)
    t.equal(verdictOfCall(status(code), { write: false, attempt: 9 }).kind, 'again', `${code} to a read`)
  }
  t.equal(verdictOfCall(failed('http', 'credentials', '', false, { status: 401 }), write).kind, 'stop')
})

t.test('a token that new ones do not cure is tried three times; then the connection waits', async (t) => {
  for (const outcome of [response('601'), response('602'), status(401)])
    for (const write of [true, false]) {
      t.match(
        verdictOfCall(outcome, { write, attempt: 3 }),
        { kind: 'renew-token', afterMs: 4_000 },
        outcome.code,
      )
      t.match(verdictOfCall(outcome, { write, attempt: 4 }), {
        kind: 'stop',
        code: outcome.code,
        afterMs: 60_000,
        reason: /access token/,
        advice: /\w/,
      })
    }
})

t.test(
  '611 and 604 split a write after three attempts, and say that it may have been carried out',
  async (t) => {
    for (const code of ['604', '611']) {
      t.equal(verdictOfCall(response(code), { write: true, attempt: 3 }).kind, 'ambiguous')
      t.match(verdictOfCall(response(code), { write: true, attempt: 4 }), { kind: 'bisect', wait: true })
      t.equal(verdictOfCall(response(code), { write: false, attempt: 9 }).kind, 'again')
    }
  },
)

t.test(
  'an unknown code is repeated and then split; for a record it is refused with its own words',
  async (t) => {
    t.equal(verdictOfCall(response('799'), read).kind, 'again')
    t.equal(verdictOfCall(response('799'), write).kind, 'ambiguous')
    t.match(verdictOfCall(response('799'), { write: true, attempt: 4 }), { kind: 'bisect', wait: true })
    t.match(verdictOfRecord(skipped('1999'), write), {
      kind: 'refused',
      code: '1999',
      reason: /as Marketo says/,
    })
    t.match(verdictOfRecord({ status: 'skipped', reasons: [] }, write), { kind: 'refused' })
    t.equal(
      verdictOfCall(response('constructor'), write).kind,
      'ambiguous',
      'not even one named like a property',
    )
  },
)

t.test('deleting what is gone is accepted, and a role without its parents has lost these', async (t) => {
  t.equal(verdictOfRecord(skipped('1013'), { ...write, action: 'delete' }).kind, 'accepted')
  t.equal(verdictOfRecord(skipped('1004'), { ...write, action: 'delete' }).kind, 'accepted')
  t.match(verdictOfRecord(skipped('1013'), { ...write, object: 'OpportunityRole' }), { lost: 'parent' })
  t.match(verdictOfRecord(skipped('1013'), { ...write, object: 'Company' }), { lost: 'record' })
  t.match(verdictOfRecord(skipped('1004'), { ...write, object: 'Lead' }), { lost: 'record' })
})

t.test('a race over one record is repeated three times, and what takes time for ever', async (t) => {
  t.equal(verdictOfRecord(skipped('1036'), { write: true, attempt: 3 }).kind, 'again')
  t.equal(verdictOfRecord(skipped('1036'), { write: true, attempt: 4 }).kind, 'refused')
  t.equal(verdictOfRecord(skipped('713'), { write: true, attempt: 40 }).kind, 'again')
  t.equal(verdictOfRecord(skipped('1019'), { write: true, attempt: 40 }).kind, 'again')
})

t.test('of several reasons, the one that no repetition cures decides', async (t) => {
  t.match(verdictOfRecord(skipped('1036', '1077'), write), { kind: 'refused', code: '1077' })
  t.match(verdictOfRecord(skipped('1077', '1018'), write), { kind: 'stop', code: '1018' })
})

t.test('taken records are accepted, and those of which nothing is said are ambiguous', async (t) => {
  for (const status of ['created', 'updated', 'deleted'] as const)
    t.equal(verdictOfRecord({ status, reasons: [] }, write).kind, 'accepted')
  t.equal(verdictOfRecord({ status: 'unclear', reasons: [] }, write).kind, 'ambiguous')
  t.same(verdictOfCall({ ok: true, result: [], moreResult: false, warnings: [] }, write), {
    kind: 'accepted',
  })
})

t.test('a record alone in its call bears the blame; with 718 its sales person is lost', async (t) => {
  t.equal(verdictAlone(verdictOfCall(response('1006'), write)).kind, 'refused')
  t.match(verdictAlone(verdictOfCall(response('718'), write)), { kind: 'gone', lost: 'sales person' })
  t.equal(verdictAlone({ kind: 'accepted' }).kind, 'accepted')
})

t.test('waits grow from a second to a minute, and no further', async (t) => {
  t.same([1, 2, 3, 7, 50, 5000].map(backoff), [1_000, 2_000, 4_000, 60_000, 60_000, 60_000])
  t.match(verdictOfCall(response('606'), write), { afterMs: 20_000 }, 'a rate is over after its window')
  t.match(verdictOfCall(response('608'), { write: true, attempt: 99 }), { afterMs: 60_000 })
})

t.test('a quota says until when, where that is known', async (t) => {
  t.match(verdictOfCall({ ...response('607'), retryAt: 5 }, write), { kind: 'quota', until: 5 })
  t.equal(verdictOfCall(response('daily-ceiling'), read).kind, 'quota')
  t.equal(verdictOfCall(response('background-ceiling'), read).kind, 'quota')
})

t.test("Marketo's words are kept short: they may hold a whole text of the record", async (t) => {
  const verdict = verdictOfCall(failed('response', '1003', 'x'.repeat(50_000), true), write)
  t.ok('reason' in verdict && verdict.reason.length < 500)
})
