import { generateKeyPairSync } from 'node:crypto'
import { SignJWT } from 'jose'
import { Connection } from 'jsforce'
import t, { type Test } from 'tap'
import { startSalesforce, type SalesforceOptions, type SalesforceSimulator } from './index.ts'

async function start(t: Test, options: SalesforceOptions = {}) {
  const sf = await startSalesforce(options)
  t.teardown(() => sf.close())
  return sf
}

async function ask(sf: SalesforceSimulator, form: Record<string, string>) {
  const body = new URLSearchParams(form)
  const response = await fetch(`${sf.url}/services/oauth2/token`, { method: 'POST', body })
  const answer = (await response.json()) as Record<string, string>
  return { ...answer, status: response.status, token: answer['access_token'] }
}

const secrets = (sf: SalesforceSimulator) => ({ client_id: sf.clientId, client_secret: sf.clientSecret })

t.test('client credentials give a token with instance and identity', async (t) => {
  const sf = await start(t)
  t.match(await ask(sf, { grant_type: 'client_credentials', ...secrets(sf) }), {
    status: 200,
    access_token: /^00D\w{12}!AQ/,
    instance_url: sf.url,
    id: new RegExp(`^${sf.url}/id/${sf.orgId}/005\\w{15}$`),
    token_type: 'Bearer',
    issued_at: /^\d+$/,
    signature: String,
  })
})

t.test('what is wrong is refused by its name', async (t) => {
  const sf = await start(t)
  const cases: Array<[Record<string, string>, string]> = [
    [{ grant_type: 'client_credentials' }, 'invalid_request'],
    [
      { grant_type: 'client_credentials', client_id: 'x', client_secret: sf.clientSecret },
      'invalid_client_id',
    ],
    [{ grant_type: 'client_credentials', client_id: sf.clientId, client_secret: 'x' }, 'invalid_client'],
    [{ grant_type: 'password', ...secrets(sf), username: 'a', password: 'b' }, 'unsupported_grant_type'],
    [{ grant_type: 'refresh_token', ...secrets(sf), refresh_token: 'x' }, 'invalid_grant'],
    [{}, 'unsupported_grant_type'],
  ]
  for (const [form, error] of cases)
    t.match(await ask(sf, form), { status: 400, error, error_description: String })
})

t.test('JWT bearer: signature, issuer, audience, user and expiry are checked', async (t) => {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const username = 'integration@org.example'
  const sf = await start(t, {
    username,
    publicKey: publicKey.export({ type: 'spki', format: 'pem' }) as string,
  })
  const bearer = async (
    claims: { iss?: string; aud?: string; sub?: string; seconds?: number },
    key = privateKey,
  ) => {
    const assertion = await new SignJWT({})
      .setProtectedHeader({ alg: 'RS256' })
      .setIssuer(claims.iss ?? sf.clientId)
      .setAudience(claims.aud ?? sf.url)
      .setSubject(claims.sub ?? username)
      .setExpirationTime(Math.floor(Date.now() / 1000) + (claims.seconds ?? 120))
      .sign(key)
    return ask(sf, { grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion })
  }
  t.match(await bearer({}), { status: 200, access_token: String })
  t.match(await bearer({ iss: 'x' }), { error: 'invalid_client_id' })
  t.match(await bearer({ aud: 'https://login.salesforce.com' }), { error: 'app_not_found' })
  t.match(await bearer({ aud: 'https://other.example' }), { error_description: 'audience is invalid' })
  t.match(await bearer({ sub: 'other@org.example' }), {
    error_description: "user hasn't approved this consumer",
  })
  t.match(await bearer({ seconds: -10 }), { error_description: 'expired authorization code' })
  t.match(await bearer({ seconds: 3_600 }), { error_description: 'invalid assertion' })
  const other = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
  t.match(await bearer({}, other), { error_description: 'invalid assertion' })
})

t.test('jsforce logs in, knows itself, and logs in again when its token is void', async (t) => {
  const sf = await start(t)
  const { clientId, clientSecret } = sf
  const conn = new Connection({
    version: '67.0',
    oauth2: { loginUrl: sf.url, clientId, clientSecret },
    refreshFn(conn, callback) {
      void conn
        .authorize({ grant_type: 'client_credentials' })
        .finally(() => callback(null, conn.accessToken!))
    },
  })
  const { organizationId } = await conn.authorize({ grant_type: 'client_credentials' })
  t.equal(organizationId, sf.orgId)
  t.match(await conn.identity(), { organization_id: sf.orgId, user_type: 'STANDARD' })
  sf.faults.expireTokens()
  t.equal((await conn.query('SELECT Id FROM Organization')).totalSize, 1)
  t.equal(sf.calls.count('oauth'), 2)
  await conn.logout()
  t.equal(sf.calls.list.at(-1)?.path, '/services/oauth2/revoke')
})

t.test('a session ends when it is not used', async (t) => {
  let time = Date.now()
  const sf = await start(t, { now: () => time, sessionLifetimeMs: 60_000 })
  const { token } = await ask(sf, { grant_type: 'client_credentials', ...secrets(sf) })
  const limits = async () => {
    const response = await fetch(`${sf.url}/services/data/v67.0/limits`, {
      headers: { Authorization: `Bearer ${token}` },
    })
    return response.status
  }
  for (let i = 0; i < 3; i++) {
    time += 50_000
    t.equal(await limits(), 200, 'each use extends it')
  }
  time += 61_000
  t.equal(await limits(), 401)
})
