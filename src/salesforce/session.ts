// The login: client credentials on My Domain, or a signed JWT. One login at a time, shared by whoever waits for it.
// jsforce builds the token request; its transport is replaced by ours (why: http.ts).
import { createPrivateKey } from 'node:crypto'
import { PassThrough } from 'node:stream'
import { SignJWT } from 'jose'
import { OAuth2 } from 'jsforce/lib/oauth2.js'
import { Transport } from 'jsforce/lib/transport.js'
import type { SalesforceConfig } from '../config.ts'
import { asError } from '../errors.ts'
import type { Log } from '../log.ts'
import type { Http } from './http.ts'
import { toId18 } from './ids.ts'
import { loginAgain, loginRefused } from './login-faults.ts'
import { errorsIn, SalesforceError, unreachable, unreadableAnswer } from './rest-faults.ts'
import { backoffMs, pause, type Backoff } from './retry.ts'

export interface Session {
  orgId(): string
  instanceUrl(): string
  accessToken(): string
  /** A new login; with the refused token, only if nobody has replaced that already. */
  renew(refused?: string): Promise<void>
}

interface Granted {
  accessToken: string
  instanceUrl: string
  orgId: string
}

/** JWT bearer assertions may live three minutes at most. */
const ASSERTION_LIFE_SECONDS = 170

/** Shorter than other calls: the stream waits for it, and has to be back within a minute. */
const LOGIN_TIMEOUT_MS = 20_000

const LOGIN = 'log in'

export async function openSession(
  config: SalesforceConfig,
  deps: { http: Http; log: Log; attempts: number; backoff: Backoff; loginSpacingMs: number },
): Promise<Session> {
  const { http, log, attempts, backoff, loginSpacingMs } = deps
  let granted = await login()
  let lastLogin = Date.now()
  let renewing: Promise<void> | undefined

  async function login(): Promise<Granted> {
    for (let failures = 1; ; failures += 1) {
      try {
        return await requestToken(config, http)
      } catch (error) {
        const fault = asError(error)
        const final = fault instanceof SalesforceError && fault.code === 'salesforce_login_refused'
        if (final || failures >= attempts) throw fault
        await pause(backoffMs(backoff, failures))
      }
    }
  }

  async function relogin(): Promise<void> {
    await pause(Math.max(0, lastLogin + loginSpacingMs - Date.now()))
    const next = await login()
    lastLogin = Date.now()
    if (next.orgId !== granted.orgId)
      throw new SalesforceError(
        'salesforce_org_changed',
        `The login address now leads to another org (${next.orgId} instead of ${granted.orgId}).`,
        'If that is meant, as after a sandbox refresh, restart the app; otherwise correct SALESFORCE_LOGIN_URL.',
      )
    granted = next
    log.info({ orgId: next.orgId }, 'logged in to Salesforce again')
  }

  return {
    orgId: () => granted.orgId,
    instanceUrl: () => granted.instanceUrl,
    accessToken: () => granted.accessToken,
    async renew(refused) {
      if (refused !== undefined && refused !== granted.accessToken) return
      renewing ??= relogin().finally(() => (renewing = undefined))
      await renewing
    },
  }
}

async function requestToken(config: SalesforceConfig, http: Http): Promise<Granted> {
  const { loginUrl, clientId, clientSecret } = config
  const oauth2 = Object.assign(
    new OAuth2({ loginUrl, clientId, ...(clientSecret === undefined ? {} : { clientSecret }) }),
    { _transport: guardedTransport(http) },
  )
  const grant =
    clientSecret === undefined
      ? { grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion: await assertionOf(config) }
      : { grant_type: 'client_credentials' }
  const token = await oauth2.requestToken(grant)
  // ".../id/<org id>/<user id>"
  const orgId = toId18(token.id.split('/').at(-2) ?? '')
  const safe = config.loginUrl.startsWith('http:') || token.instance_url.startsWith('https:')
  if (orgId === undefined || !URL.canParse(token.instance_url) || !safe)
    throw unreadableAnswer(200, LOGIN, 'a token without org or address')
  return { accessToken: token.access_token, instanceUrl: token.instance_url.replace(/\/+$/, ''), orgId }
}

/** jsforce's documented hook for other transports: a stream that tells of its end by `complete`. Faults are judged here, before jsforce. */
function guardedTransport(http: Http): Transport {
  return Object.assign(new Transport(), {
    getRequestStreamCreator:
      () =>
      ({
        url,
        headers,
        body,
      }: {
        url: string
        headers?: Record<string, string>
        body?: unknown
      }): PassThrough => {
        const stream = new PassThrough()
        askForToken(http, url, headers ?? {}, String(body)).then(
          (answer) => stream.emit('complete', answer),
          (error: unknown) => stream.emit('error', error),
        )
        return stream
      },
  })
}

async function askForToken(
  http: Http,
  url: string,
  headers: Record<string, string>,
  body: string,
): Promise<{ statusCode: number; headers: Record<string, string>; body: string }> {
  const signal = AbortSignal.timeout(LOGIN_TIMEOUT_MS)
  const answer = await http.send({ method: 'POST', url, headers, body, signal }).catch((error: unknown) => {
    throw unreachable(LOGIN, error)
  })
  checkGrant(answer.status, answer.text)
  return { statusCode: answer.status, headers: answer.headers, body: answer.text }
}

function checkGrant(status: number, text: string): void {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    throw unreadableAnswer(status, LOGIN, text.includes('<') ? 'a web page' : 'half an answer')
  }
  const fault = errorsIn(json)[0]
  if (status >= 300 || fault !== undefined) {
    const { code, message } = fault ?? { code: `HTTP ${status}`, message: '' }
    if (loginAgain(status, code, message))
      throw unreadableAnswer(status, LOGIN, `the error ${code} ${message}`.trim())
    throw loginRefused(status, code, message)
  }
  const { access_token, instance_url, id } = (json ?? {}) as Record<string, unknown>
  if (typeof access_token !== 'string' || typeof instance_url !== 'string' || typeof id !== 'string')
    throw unreadableAnswer(status, LOGIN, 'something that is no token')
}

async function assertionOf(config: SalesforceConfig): Promise<string> {
  let key
  try {
    // createPrivateKey also reads the older "RSA PRIVATE KEY" form, which jose's own importer refuses.
    key = createPrivateKey(config.privateKey ?? '')
  } catch {
    throw new SalesforceError(
      'salesforce_login_refused',
      'SALESFORCE_PRIVATE_KEY can not be read as a private key.',
      'Paste the whole PEM file, with its BEGIN and END lines, line breaks written as \\n if need be.',
    )
  }
  return new SignJWT()
    .setProtectedHeader({ alg: 'RS256' })
    .setIssuer(config.clientId)
    .setSubject(config.username ?? '')
    .setAudience(config.loginUrl)
    .setExpirationTime(`${ASSERTION_LIFE_SECONDS} seconds`)
    .sign(key)
}
