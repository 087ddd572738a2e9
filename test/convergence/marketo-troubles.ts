// What goes wrong between the service and Marketo, and passes within seconds.
import { TOKEN_ENDPOINT } from '../simulators/marketo/faults.ts'
import type { Fault } from '../simulators/marketo/index.ts'
import { oneOf, times, type Trouble } from './trouble.ts'

/** Any call, or one endpoint: more often those that a round calls for certain, as what nobody calls can't fail. */
const ENDPOINTS = [
  undefined,
  undefined,
  undefined,
  'leads.json',
  'leads.json',
  'salespersons.json',
  'companies.json',
  'opportunities.json',
  'opportunities/roles.json',
  'opportunities/roles/delete.json',
  'leads/{id}/merge.json',
]

const marketo =
  (fault: (n: number) => Fault): Trouble =>
  (sides, [a, b, c]) => {
    const endpoint = oneOf(ENDPOINTS, a)
    return sides.marketo.faults.add({
      ...fault(b),
      times: times(c),
      ...(endpoint && { match: { endpoint } }),
    })
  }

/** Shorter than the ambiguous wait, as the server's own time-out is. */
const LATE_SECONDS = 0.7
const GARBAGE = [
  '{}',
  '[]',
  'null',
  '{"success":true}',
  '{"success":true,"result":[]}',
  '{"success":fal',
  '<html></html>',
  '',
]

const PASSING: readonly Fault[] = [
  ...['601', '602', '604', '606', '608', '609', '611', '614', '615', '713', '719'].map(
    (code) => ({ kind: 'error', code }) as const,
  ),
  { kind: 'http', status: 429 },
]

export const MARKETO_TROUBLES: Record<string, Trouble> = {
  'Marketo refuses a call for a moment': marketo((n) => oneOf(PASSING, n)),
  'Marketo is down': marketo((n) => ({
    kind: 'http',
    status: oneOf([500, 502, 503, 504], n),
    executes: n % 2 === 0,
  })),
  'Marketo answers nonsense': marketo((n) => ({
    kind: 'http',
    status: 200,
    body: oneOf(GARBAGE, n),
    contentType: 'application/json',
    executes: n % 2 === 0,
  })),
  'a page of HTML': marketo((n) => ({ kind: 'html', executes: n % 2 === 0 })),
  'a cut answer': marketo(() => ({ kind: 'truncated' })),
  'a dropped connection': marketo((n) => ({ kind: 'drop', when: n % 2 === 0 ? 'before' : 'after' })),
  'late work': marketo((n) => ({
    kind: 'late',
    seconds: LATE_SECONDS,
    answer: oneOf(['drop', '504', '604', '611'], n),
    spread: n % 2 === 0,
  })),
  'a slow Marketo': marketo((n) => ({ kind: 'slow', ms: 50 + (n % 400) })),
  'Marketo refuses records': marketo((n) => ({
    kind: 'record',
    code: oneOf(['1001', '1003', '1005', '1014', '1077'], n),
  })),
  'Marketo refuses a merge': ({ marketo }, [, b, c]) =>
    marketo.faults.add({
      kind: 'error',
      code: oneOf(['712', '714', '1076', '1079', '1077'], b),
      times: times(c),
      match: { endpoint: 'leads/{id}/merge.json' },
    }),
  'others use Marketo': ({ marketo }, [a]) => {
    marketo.instance.otherConsumerInFlight(1 + (a % marketo.options.concurrency))
  },
  // Only of what is written: a delete that is told "not there" is done, and this Marketo doesn't lie.
  'Marketo says that a record is gone': ({ marketo }, [a, , c]) => {
    const [endpoint, code] = oneOf(
      [
        ['leads.json', '1004'],
        ['opportunities.json', '1013'],
        ['opportunities/roles.json', '1013'],
      ] as const,
      a,
    )
    return marketo.faults.add({
      kind: 'record',
      code,
      times: times(c),
      match: { endpoint, where: ({ action }) => action !== undefined },
    })
  },
  'Marketo refuses a call for one record': ({ marketo }, [a, b, c]) =>
    marketo.faults.add({
      ...oneOf<Fault>(
        [
          { kind: 'error', code: '1006' },
          { kind: 'http', status: 413 },
          { kind: 'error', code: '718' },
        ],
        b,
      ),
      times: 4 * times(c),
      match: {
        where: ({ action, records = [] }) =>
          action !== undefined && JSON.stringify(records).includes(String(a % 10)),
      },
    }),
  "Marketo's token expires": ({ marketo }) => {
    marketo.faults.expireTokens()
  },
  'Marketo gives no token': ({ marketo }, [a, , c]) => {
    marketo.faults.expireTokens()
    return marketo.faults.add({
      kind: 'http',
      status: oneOf([500, 503], a),
      times: times(c),
      match: { endpoint: TOKEN_ENDPOINT },
    })
  },
}
