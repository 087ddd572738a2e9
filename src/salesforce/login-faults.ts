// What a refused login means and where an admin cures it. Pure. Salesforce gives few codes and many descriptions, so the description
// is looked at first. Sources: "OAuth 2.0 Authorization Errors" (help.salesforce.com) and the facts on External Client Apps.
import { SalesforceError } from './rest-faults.ts'

const APP = 'Setup > External Client App Manager, the app'

interface Row {
  when: RegExp
  reason: string
  advice: string
}

const ROWS: Row[] = [
  {
    when: /no client credentials user|run.?as user|client credentials flow (?:is )?not enabled/i,
    reason: 'the app has no user to run as',
    advice: `In ${APP} > Policies > OAuth Policies, enable Client Credentials Flow and choose the integration user under Run As.`,
  },
  {
    when: /not supported on this domain|app_not_found|app not found/i,
    reason: 'the login address is not the My Domain address of the org',
    advice:
      'Set SALESFORCE_LOGIN_URL to the My Domain address (Setup > My Domain > Current My Domain URL); login.salesforce.com and test.salesforce.com are not accepted.',
  },
  {
    when: /hasn'?t approved|not admin approved|not authorized|user_not_authorized/i,
    reason: 'the integration user may not use the app',
    advice: `In ${APP} > Policies > App Policies, set Permitted Users to "Admin approved users are pre-authorized" and add a permission set of the integration user.`,
  },
  {
    when: /audience|assertion|expired authorization code|signature|invalid_jwt|jwt/i,
    reason: 'the signed assertion was not accepted',
    advice: `Check that SALESFORCE_PRIVATE_KEY belongs to the certificate in ${APP} > Settings > OAuth Settings, that SALESFORCE_LOGIN_URL is the My Domain address, and that SALESFORCE_USERNAME is spelled as in Setup > Users.`,
  },
  {
    when: /ip restricted|ip not in whitelist|ip range|invalid ip/i,
    reason: 'the login comes from an address that is not allowed',
    advice: `In ${APP} > Policies, relax the IP restrictions for this app, or remove the login IP ranges from the integration user's profile.`,
  },
  {
    when: /inactive_user|inactive user|user is inactive|frozen|locked/i,
    reason: 'the integration user is inactive, frozen or locked',
    advice:
      'In Setup > Users activate, unfreeze or unlock the integration user; Setup > Login History shows the attempts.',
  },
  {
    when: /inactive_org|org(?:anization)? is (?:locked|closed|inactive)/i,
    reason: 'the org is closed, locked or not active',
    advice: 'Ask Salesforce about the state of the org, and check SALESFORCE_LOGIN_URL.',
  },
  {
    when: /invalid_client\b|invalid client credentials|invalid_client_credentials|client secret/i,
    reason: 'the consumer secret does not belong to the app, or was changed',
    advice: `Copy key and secret again from ${APP} > Settings > OAuth Settings > Consumer Key and Secret into SALESFORCE_CLIENT_ID and SALESFORCE_CLIENT_SECRET.`,
  },
  {
    when: /invalid_client_id|client identifier invalid/i,
    reason: 'the consumer key is unknown',
    advice: `Copy the key again from ${APP} > Settings > OAuth Settings > Consumer Key and Secret into SALESFORCE_CLIENT_ID. A new app can take ten minutes to become known.`,
  },
  {
    when: /unsupported_grant_type|grant type not supported/i,
    reason: 'the app does not allow this way of logging in',
    advice: `In ${APP} > Settings > OAuth Settings > Flow Enablement, enable Client Credentials Flow (or JWT Bearer Flow, if a private key is configured).`,
  },
]

const OTHERWISE = {
  reason: 'the login was refused',
  advice: `See Setup > Login History for the attempt, and check ${APP} > Policies.`,
}

export function loginRefused(status: number, vendorCode: string, description: string): SalesforceError {
  const words = `${vendorCode} ${description}`
  const row = ROWS.find(({ when }) => when.test(words)) ?? OTHERWISE
  const said = [vendorCode, description]
    .filter((part) => part !== '')
    .join(', ')
    .slice(0, 200)
  return new SalesforceError(
    'salesforce_login_refused',
    `Salesforce refused the login: ${row.reason} (${said}).`,
    row.advice,
    { status, vendorCode },
  )
}

/** Refusals that pass by themselves: too many logins, a server in trouble. */
export function loginAgain(status: number, vendorCode: string, description: string): boolean {
  return (
    status >= 500 ||
    status === 429 ||
    /rate.?limit|login rate exceeded|server_error|temporarily_unavailable|unknown_error|retry your request/i.test(
      `${vendorCode} ${description}`,
    )
  )
}
