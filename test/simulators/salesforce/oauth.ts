// The token endpoint of an External Client App on My Domain: client credentials and JWT bearer. Username and
// password is refused: such apps don't support it (salesforce §6).

import { createHmac, verify } from 'node:crypto'
import type { Exchange } from './exchange.ts'
import type { Sessions } from './sessions.ts'

export interface OAuthSettings {
  url: string
  orgId: string
  userId: string
  clientId: string
  clientSecret: string
  username: string
  publicKey?: string | undefined
  now: () => number
}

/** Salesforce §6: "keep exp short (<= 3 min; within 5 min)". */
const LONGEST_ASSERTION_SECONDS = 300

interface Refusal {
  error: string
  error_description: string
}

const refusal = (error: string, error_description: string): Refusal => ({ error, error_description })

export async function answerToken(
  exchange: Exchange,
  settings: OAuthSettings,
  sessions: Sessions,
): Promise<void> {
  if (exchange.method !== 'POST') {
    return exchange.json(400, refusal('invalid_request', 'must use HTTP POST'))
  }
  const form = new URLSearchParams(await exchange.body())
  const [basicId, basicSecret] = basicCredentials(exchange.headers.authorization)
  const id = form.get('client_id') ?? basicId
  const secret = form.get('client_secret') ?? basicSecret
  const grant = form.get('grant_type')
  exchange.call.detail = grant ?? ''

  const refused = checkGrant(settings, grant, id, secret, form.get('assertion'))
  if (refused) return exchange.json(400, refused)
  const token = sessions.issue()
  const identity = `${settings.url}/id/${settings.orgId}/${settings.userId}`
  const issuedAt = String(settings.now())
  return exchange.json(200, {
    access_token: token,
    signature: createHmac('sha256', settings.clientSecret)
      .update(identity + issuedAt)
      .digest('base64'),
    scope: 'api',
    instance_url: settings.url,
    id: identity,
    token_type: 'Bearer',
    issued_at: issuedAt,
    api_instance_url: 'https://api.salesforce.com',
  })
}

function checkGrant(
  settings: OAuthSettings,
  grant: string | null,
  id: string | undefined,
  secret: string | undefined,
  assertion: string | null,
): Refusal | undefined {
  if (grant === 'client_credentials') {
    if (!id) return refusal('invalid_request', 'missing required parameter: client_id')
    if (id !== settings.clientId) return refusal('invalid_client_id', 'client identifier invalid')
    if (secret !== settings.clientSecret) return refusal('invalid_client', 'invalid client credentials')
    return undefined
  }
  if (grant === 'urn:ietf:params:oauth:grant-type:jwt-bearer') return checkAssertion(settings, assertion)
  if (grant === 'refresh_token') return refusal('invalid_grant', 'expired access/refresh token')
  return refusal('unsupported_grant_type', 'grant type not supported')
}

function checkAssertion(settings: OAuthSettings, assertion: string | null): Refusal | undefined {
  const [head = '', claims = '', signature = ''] = (assertion ?? '').split('.')
  const header = decode(head)
  const payload = decode(claims)
  if (!header || !payload || header['alg'] !== 'RS256' || !settings.publicKey) {
    return refusal('invalid_grant', 'invalid assertion')
  }
  const bytes = Buffer.from(signature, 'base64url')
  if (!verify('RSA-SHA256', Buffer.from(`${head}.${claims}`), settings.publicKey, bytes)) {
    return refusal('invalid_grant', 'invalid assertion')
  }
  if (payload['iss'] !== settings.clientId) return refusal('invalid_client_id', 'client identifier invalid')
  // Salesforce §6: ECAs want the My Domain URL and answer a generic host with app_not_found.
  const audience = String(payload['aud']).replace(/\/$/, '')
  if (/^https:\/\/(login|test)\.salesforce\.com$/.test(audience)) {
    return refusal('app_not_found', 'External client app is not installed in this org')
  }
  if (audience !== settings.url) return refusal('invalid_grant', 'audience is invalid')
  if (payload['sub'] !== settings.username) {
    return refusal('invalid_grant', "user hasn't approved this consumer")
  }
  const now = settings.now() / 1000
  const expires = Number(payload['exp'])
  if (!(expires > now)) return refusal('invalid_grant', 'expired authorization code')
  if (expires > now + LONGEST_ASSERTION_SECONDS) return refusal('invalid_grant', 'invalid assertion')
  return undefined
}

function decode(part: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'))
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}

function basicCredentials(authorization: string | undefined): [string?, string?] {
  const encoded = /^Basic (\S+)$/.exec(authorization ?? '')?.[1]
  if (!encoded) return []
  const [id, secret] = Buffer.from(encoded, 'base64').toString('utf8').split(':')
  return [decodeURIComponent(id ?? ''), decodeURIComponent(secret ?? '')]
}

/** What `conn.identity()` and OpenID clients read. */
export function userInfo(settings: OAuthSettings): Record<string, unknown> {
  const { url, orgId, userId, username } = settings
  return {
    id: `${url}/id/${orgId}/${userId}`,
    sub: `${url}/id/${orgId}/${userId}`,
    asserted_user: true,
    user_id: userId,
    organization_id: orgId,
    username,
    preferred_username: username,
    nick_name: 'integration',
    display_name: 'Integration User',
    name: 'Integration User',
    email: username,
    email_verified: true,
    user_type: 'STANDARD',
    language: 'en_US',
    locale: 'en_US',
    utcOffset: 0,
    active: true,
    urls: { rest: `${url}/services/data/v{version}/`, query: `${url}/services/data/v{version}/query/` },
  }
}
