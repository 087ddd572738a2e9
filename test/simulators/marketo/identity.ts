// /identity/oauth/token: one token per client, the same one until it expires (marketo-rest §1).
import { randomUUID } from 'node:crypto'
import type { Answer } from './answer.ts'
import type { Settings } from './options.ts'

export interface Identity {
  answer(params: URLSearchParams): Answer
  /** The code that refuses an Authorization header, or undefined. */
  check(authorization: string | undefined): '601' | '602' | undefined
  expireTokens(): void
  /** How often a token was asked for. */
  asked(): number
}

interface Token {
  value: string
  expiresAt: number
}

export function createIdentity(settings: Settings): Identity {
  let token: Token | undefined
  let expired: string | undefined
  let asked = 0

  /** Notices that the token's time is over; it then answers 602 once. */
  function current(): Token | undefined {
    if (token && settings.now() >= token.expiresAt) {
      expired = token.value
      token = undefined
    }
    return token
  }

  return {
    asked: () => asked,
    answer(params) {
      asked += 1
      if (params.get('grant_type') !== 'client_credentials')
        return {
          status: 400,
          body: { error: 'unsupported_grant_type', error_description: 'Unsupported grant type' },
        }
      // marketo-rest §1: bad id or secret is HTTP 401.
      if (
        params.get('client_id') !== settings.clientId ||
        params.get('client_secret') !== settings.clientSecret
      )
        return {
          status: 401,
          body: { error: 'invalid_client', error_description: 'Bad client credentials' },
        }
      const live =
        current() ??
        (token = { value: `${randomUUID()}:int`, expiresAt: settings.now() + settings.tokenSeconds * 1000 })
      return {
        status: 200,
        body: {
          access_token: live.value,
          token_type: 'bearer',
          // The remaining lifespan: asking again before expiry gives no fresh token (marketo-rest §1).
          expires_in: Math.max(0, Math.floor((live.expiresAt - settings.now()) / 1000)),
          scope: settings.user,
        },
      }
    },
    check(authorization) {
      const given = /^Bearer\s+(\S+)$/i.exec(authorization ?? '')?.[1]
      if (given !== undefined && current()?.value === given) return undefined
      // marketo-rest §1: 602 on the first use of an expired token, 601 after that.
      if (given === undefined || given !== expired) return '601'
      expired = undefined
      return '602'
    },
    expireTokens() {
      if (token) token.expiresAt = settings.now()
      current()
    },
  }
}
