import * as fc from 'fast-check'
import t from 'tap'
import { restFault } from '../../src/salesforce/rest-faults.ts'

const cases: [status: number, errorCode: string, message: string, todo: string, code: string][] = [
  [401, 'INVALID_SESSION_ID', 'Session expired or invalid', 'renew', 'salesforce_session_refused'],
  [401, 'INVALID_AUTH_HEADER', 'INVALID_HEADER_TYPE', 'renew', 'salesforce_session_refused'],
  [401, 'SOMETHING', 'Connected app is not attached to Agent', 'renew', 'salesforce_session_refused'],
  [400, 'INVALID_FIELD', "No such column 'Foo__c' on entity 'Lead'.", 'refused', 'salesforce_field_missing'],
  [400, 'INVALID_TYPE', "sObject type 'Leed' is not supported.", 'refused', 'salesforce_object_missing'],
  [400, 'MALFORMED_QUERY', "unexpected token: '<EOF>'", 'refused', 'salesforce_query_refused'],
  [400, 'INVALIDJOB', 'bad query', 'refused', 'salesforce_query_refused'],
  [400, 'INVALID_QUERY_LOCATOR', 'invalid query locator', 'refused', 'salesforce_cursor_lost'],
  [403, 'REQUEST_LIMIT_EXCEEDED', 'TotalRequests Limit exceeded.', 'refused', 'salesforce_request_limit'],
  [
    403,
    'REQUEST_LIMIT_EXCEEDED',
    'ConcurrentRequests (Concurrent API Requests) Limit exceeded.',
    'again',
    'salesforce_unreachable',
  ],
  [403, 'API_DISABLED_FOR_ORG', 'API is not enabled', 'refused', 'salesforce_permission_missing'],
  [403, 'INSUFFICIENT_ACCESS_OR_READONLY', 'no', 'refused', 'salesforce_permission_missing'],
  [403, 'INVALID_OPERATION_WITH_EXPIRED_PASSWORD', 'expired', 'refused', 'salesforce_login_refused'],
  [404, 'NOT_FOUND', 'The requested resource does not exist', 'refused', 'salesforce_not_found'],
  [400, 'QUERY_TIMEOUT', 'Your query request was running for too long.', 'again', 'salesforce_unreachable'],
  [503, 'SERVER_UNAVAILABLE', 'The server is temporarily unavailable', 'again', 'salesforce_unreachable'],
  [429, '', '', 'again', 'salesforce_unreachable'],
  [500, 'UNKNOWN_EXCEPTION', 'ErrorId: 1-2', 'again', 'salesforce_unreachable'],
  [400, 'SOMETHING_NEW', 'new rule', 'refused', 'salesforce_refused'],
]

for (const [status, errorCode, message, todo, code] of cases)
  t.test(`${status} ${errorCode} ${message} means ${todo}, ${code}`, async (t) => {
    const fault = restFault(status, [{ errorCode, message }], 'read 3 Lead records')
    t.match(fault, { todo, error: { code, status, vendorCode: errorCode } })
    t.match(fault.error.message, 'read 3 Lead records')
    t.ok(fault.error.advice.length > 10)
  })

t.test('a missing field is named', async (t) => {
  const fault = restFault(
    400,
    [
      {
        errorCode: 'INVALID_FIELD',
        message:
          "\nSELECT Id, Foo__c\n  ^\nERROR at Row:1:Column:12\nNo such column 'Foo__c' on entity 'Lead'.",
      },
    ],
    'x',
  )
  t.equal(fault.error.field, 'Foo__c')
  t.match(fault.error.message, 'Foo__c')
})

t.test('any body with any status becomes a sentence, never a throw', async (t) => {
  fc.assert(
    fc.property(
      fc.integer({ min: 300, max: 599 }),
      fc.oneof(fc.jsonValue(), fc.constant(undefined)),
      (status, json) => {
        const { error } = restFault(status, json, 'try')
        t.ok(error.code !== '' && error.message !== '' && error.advice !== '')
      },
    ),
    { numRuns: 200 },
  )
})
