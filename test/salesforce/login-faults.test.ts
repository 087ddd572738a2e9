import t from 'tap'
import { loginAgain, loginRefused } from '../../src/salesforce/login-faults.ts'

const cases: [code: string, description: string, advice: RegExp][] = [
  ['invalid_grant', 'no client credentials user enabled', /Run As/],
  ['invalid_request', 'request not supported on this domain', /SALESFORCE_LOGIN_URL/],
  ['app_not_found', 'External client app is not installed in this org', /SALESFORCE_LOGIN_URL/],
  ['invalid_grant', "user hasn't approved this consumer", /pre-authorized/],
  ['invalid_app_access', 'user is not admin approved to access this app', /pre-authorized/],
  ['invalid_grant', 'audience is invalid', /SALESFORCE_PRIVATE_KEY/],
  ['invalid_grant', 'invalid assertion', /SALESFORCE_PRIVATE_KEY/],
  ['invalid_grant', 'ip restricted', /IP/],
  ['inactive_user', 'user is inactive', /Setup > Users/],
  ['inactive_org', 'organization is inactive', /state of the org/],
  ['invalid_client', 'invalid client credentials', /SALESFORCE_CLIENT_SECRET/],
  ['invalid_client_id', 'client identifier invalid', /SALESFORCE_CLIENT_ID/],
  ['unsupported_grant_type', 'grant type not supported', /Flow Enablement/],
  ['invalid_grant', 'authentication failure', /Login History/],
]

for (const [code, description, advice] of cases)
  t.test(`"${description}" sends the admin to the right place`, async (t) => {
    t.notOk(loginAgain(400, code, description))
    const error = loginRefused(400, code, description)
    t.equal(error.code, 'salesforce_login_refused')
    t.match(error.advice, advice)
    t.match(error.message, description)
  })

t.test('what passes by itself is tried again', async (t) => {
  t.ok(loginAgain(503, '', ''))
  t.ok(loginAgain(429, '', ''))
  t.ok(loginAgain(400, 'invalid_grant', 'login rate exceeded'))
  t.ok(loginAgain(400, 'unknown_error', 'retry your request'))
})
