// What an unwelcome answer of Salesforce's REST API means: try again, log in again, or refused, and then in plain words with the
// place where an admin cures it. Pure. Codes: "Status Codes and Error Responses" in the REST API Developer Guide.
import { BridgeError } from '../errors.ts'

export class SalesforceError extends BridgeError {
  /** HTTP status; 0 when there was no answer. */
  readonly status: number
  /** Salesforce's own errorCode, where it gave one. */
  readonly vendorCode: string
  /** The field that INVALID_FIELD names. */
  readonly field: string | undefined

  constructor(
    code: string,
    message: string,
    advice: string,
    detail: { status?: number; vendorCode?: string; field?: string | undefined; cause?: unknown } = {},
  ) {
    super(code, message, advice, detail.cause === undefined ? undefined : { cause: detail.cause })
    this.name = 'SalesforceError'
    this.status = detail.status ?? 0
    this.vendorCode = detail.vendorCode ?? ''
    this.field = detail.field
  }
}

export interface RestFault {
  todo: 'again' | 'renew' | 'refused'
  error: SalesforceError
}

interface Row {
  todo: RestFault['todo']
  code: string
  reason: string
  advice: string
}

const PERMISSION_SET =
  "In Salesforce open Setup > Permission Sets, the set assigned to the integration user, and check 'System Permissions' (API Enabled, View All Data or View All per object) and 'Object Settings'."

/** By errorCode. What isn't listed falls to the HTTP status. */
const BY_CODE: Record<string, Row> = {
  INVALID_SESSION_ID: {
    todo: 'renew',
    code: 'salesforce_session_refused',
    reason: 'Salesforce no longer accepts the access token',
    advice:
      'In Setup > External Client App Manager, the app > Policies, check the session policy and IP restrictions; in Setup > Login History see why the integration user is refused.',
  },
  INVALID_AUTH_HEADER: {
    todo: 'renew',
    code: 'salesforce_session_refused',
    reason: 'Salesforce could not read the access token',
    advice:
      'Nothing to do if it passes; otherwise check Setup > External Client App Manager, the app > Policies.',
  },
  INVALID_FIELD: {
    todo: 'refused',
    code: 'salesforce_field_missing',
    reason: 'A field does not exist in Salesforce, or the integration user may not read it',
    advice:
      'In Setup > Object Manager, the object > Fields & Relationships, check that the field exists, and give the integration user Read under "Set Field-Level Security"; or take the field out of the mapping (Setup > Custom Metadata Types > Marketo Field Mapping).',
  },
  INVALID_TYPE: {
    todo: 'refused',
    code: 'salesforce_object_missing',
    reason: 'An object does not exist in Salesforce, or the integration user may not read it',
    advice: `Give the integration user Read and View All on the object. ${PERMISSION_SET}`,
  },
  MALFORMED_QUERY: {
    todo: 'refused',
    code: 'salesforce_query_refused',
    reason: 'Salesforce does not understand a query',
    advice:
      "If a filter is set, correct it: Setup > Custom Metadata Types > Marketo Object Setting > Manage Records > Filter is a SOQL condition such as Country = 'Germany'.",
  },
  REQUEST_LIMIT_EXCEEDED: {
    todo: 'refused',
    code: 'salesforce_request_limit',
    reason: 'The org has used up its API requests of the last 24 hours',
    advice:
      'See Setup > Company Information > API Requests, Last 24 Hours, for who used them; work goes on by itself as the rolling 24 hours free requests.',
  },
  API_DISABLED_FOR_ORG: {
    todo: 'refused',
    code: 'salesforce_permission_missing',
    reason: 'The API is switched off for the org or for the integration user',
    advice: PERMISSION_SET,
  },
  INSUFFICIENT_ACCESS: {
    todo: 'refused',
    code: 'salesforce_permission_missing',
    reason: 'The integration user lacks a permission',
    advice: PERMISSION_SET,
  },
  INVALID_OPERATION_WITH_EXPIRED_PASSWORD: {
    todo: 'refused',
    code: 'salesforce_login_refused',
    reason: "The integration user's password has expired",
    advice: 'In Setup > Users reset it, or give the user the permission "Password Never Expires".',
  },
  INVALID_QUERY_LOCATOR: {
    todo: 'refused',
    code: 'salesforce_cursor_lost',
    reason: 'Salesforce has dropped the rest of a query',
    advice: 'The query is started again by itself.',
  },
  INVALID_REPLICATION_DATE: {
    todo: 'refused',
    code: 'salesforce_deleted_log_short',
    reason: 'Salesforce no longer lists deletions of that time',
    advice: 'The daily census finds them by itself.',
  },
}

const SAME_AS: Record<string, string> = {
  API_CURRENTLY_DISABLED: 'API_DISABLED_FOR_ORG',
  INSUFFICIENT_ACCESS_OR_READONLY: 'INSUFFICIENT_ACCESS',
  INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY: 'INSUFFICIENT_ACCESS',
  FUNCTIONALITY_NOT_ENABLED: 'INSUFFICIENT_ACCESS',
  OPERATION_NOT_ALLOWED: 'INSUFFICIENT_ACCESS',
  INVALID_QUERY_FILTER_OPERATOR: 'MALFORMED_QUERY',
  QUERY_TOO_COMPLICATED: 'MALFORMED_QUERY',
  INVALIDJOB: 'MALFORMED_QUERY',
}

const AGAIN_CODES = new Set([
  'QUERY_TIMEOUT',
  'SERVER_UNAVAILABLE',
  'UNABLE_TO_LOCK_ROW',
  'UNKNOWN_EXCEPTION',
])

/** Salesforce words its errors as [{message, errorCode}], the token endpoint as {error, error_description}. */
export function errorsIn(json: unknown): { code: string; message: string }[] {
  const list: unknown[] = Array.isArray(json) ? json : [json]
  return list.flatMap((entry) => {
    if (typeof entry !== 'object' || entry === null) return []
    const { errorCode, message, error, error_description } = entry as Record<string, unknown>
    const code = errorCode ?? error
    if (typeof code !== 'string') return []
    const words = message ?? error_description
    return [{ code, message: typeof words === 'string' ? words : '' }]
  })
}

/** Of an answer with a status of 300 or more. `what` is the call in words, as in "read 12 Lead records". */
export function restFault(status: number, json: unknown, what: string): RestFault {
  const found = errorsIn(json)[0]
  const vendorCode = found?.code ?? ''
  const words = found?.message ?? ''
  const detail = { status, vendorCode }
  const error = (row: Row): SalesforceError =>
    new SalesforceError(row.code, `${sentence(row.reason, words)} (while trying to ${what}).`, row.advice, {
      ...detail,
      field: row.code === 'salesforce_field_missing' ? fieldIn(words) : undefined,
    })

  // The limit of requests running at once has the code of the daily one, and is over in seconds.
  const concurrent = vendorCode === 'REQUEST_LIMIT_EXCEEDED' && /concurrent/i.test(words)
  const name = vendorCode.toUpperCase()
  const row = BY_CODE[SAME_AS[name] ?? name]
  if (row !== undefined && !concurrent) return { todo: row.todo, error: error(row) }
  if (status === 401) return { todo: 'renew', error: error(BY_CODE.INVALID_SESSION_ID!) }
  if (status === 404) return { todo: 'refused', error: error(NOT_FOUND) }
  const again = concurrent || AGAIN_CODES.has(name) || status >= 500 || [408, 420, 429].includes(status)
  if (again)
    return {
      todo: 'again',
      error: error({ ...UNREACHABLE, reason: `${UNREACHABLE.reason} (HTTP ${status})` }),
    }
  return {
    todo: 'refused',
    error: error({
      ...REFUSED,
      reason: `${REFUSED.reason} (HTTP ${status}${vendorCode && `, ${vendorCode}`})`,
    }),
  }
}

/** An answer that isn't what was asked for: a web page, half an answer, another shape. */
export function unreadableAnswer(status: number, what: string, how: string): SalesforceError {
  return new SalesforceError(
    'salesforce_unreachable',
    `Salesforce answered with ${how} instead of data (HTTP ${status}, while trying to ${what}).`,
    UNREACHABLE.advice,
    { status },
  )
}

export function unreachable(what: string, cause: unknown): SalesforceError {
  return new SalesforceError(
    'salesforce_unreachable',
    `Salesforce could not be reached (while trying to ${what}).`,
    UNREACHABLE.advice,
    { cause },
  )
}

const UNREACHABLE: Row = {
  todo: 'again',
  code: 'salesforce_unreachable',
  reason: 'Salesforce is not answering properly',
  advice:
    'It is tried again by itself. If it stays: see https://status.salesforce.com for your instance, and check SALESFORCE_LOGIN_URL (Setup > My Domain).',
}

const NOT_FOUND: Row = {
  todo: 'refused',
  code: 'salesforce_not_found',
  reason: 'Salesforce does not know what was asked for',
  advice: `Check that the object exists and that the integration user may read it. ${PERMISSION_SET}`,
}

const REFUSED: Row = {
  todo: 'refused',
  code: 'salesforce_refused',
  reason: 'Salesforce refused a request',
  advice: `The message above is Salesforce's own. ${PERMISSION_SET}`,
}

function sentence(reason: string, words: string): string {
  // A message may hold a whole query and a caret line under it: the first 300 characters in one line say enough.
  const line = words.replaceAll(/\s+/g, ' ').trim().slice(0, 300)
  return line === '' ? reason : `${reason}: ${line}`
}

/** "No such column 'Foo__c' on entity 'Lead'" and "Field name(s) Foo__c ..."-like wordings. */
function fieldIn(words: string): string | undefined {
  return /(?:No such column|field|column) '([\w.]+)'/i.exec(words)?.[1] ?? /\b(\w+__c)\b/.exec(words)?.[1]
}
