// One POST to ALERT_URL. The address is a secret (Slack's is all that one needs to write there), so nothing of it is in what this says.
import { request } from 'undici'
import { asError } from '../../errors.ts'

const TIMEOUT_MS = 10_000

/** Undefined when it arrived, else why not. Redirects are not followed. */
export async function post(url: string, body: object, signal: AbortSignal): Promise<string | undefined> {
  try {
    const answer = await request(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
      signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
      // Alerts are rare: no connection is kept for the next one.
      reset: true,
    })
    await answer.body.dump()
    return answer.statusCode < 300 ? undefined : `the receiver answered ${answer.statusCode}`
  } catch (thrown) {
    const error = asError(thrown)
    if (error.name === 'TimeoutError') return `the receiver did not answer within ${TIMEOUT_MS / 1_000} s`
    // Messages of undici may quote the address.
    return `the receiver could not be reached (${'code' in error && typeof error.code === 'string' ? error.code : error.name})`
  }
}
