// The three levels on which Marketo answers: HTTP, response (`errors`), record (`skipped` with `reasons`).
// HTTP status is 200 for all but 413, 414 and identity's 401 (marketo-rest §5).

export interface Reason {
  code: string
  message: string
}

export interface RecordResult {
  status: string
  seq?: number
  id?: number
  marketoGUID?: string
  reasons?: Reason[]
}

export interface Answer {
  status: number
  body: Record<string, unknown> | string
  contentType?: string
}

// marketo-rest §5 and the texts of error-codes.md; %s is filled by the caller with a message of its own.
const MESSAGES: Record<string, string> = {
  '502': 'Bad Gateway',
  '601': 'Access token invalid',
  '602': 'Access token expired',
  '603': 'Access denied',
  '604': 'Request timed out',
  '605': 'HTTP Method not supported',
  '606': "Max rate limit '100' exceeded with in '20' secs",
  '607': 'Daily quota reached',
  '608': 'API Temporarily Unavailable',
  '609': 'Invalid JSON',
  '610': 'Requested resource not found',
  '611': 'System error',
  '612': 'Invalid Content Type',
  '613': 'Invalid Multipart Request',
  '614': 'Invalid Subscription',
  '615': 'Concurrent access limit reached',
  '616': 'Invalid subscription type',
  '701': 'A required parameter cannot be blank',
  '702': 'No data found',
  '703': 'The feature is not enabled for the subscription',
  '704': 'Invalid date format',
  '709': 'Business Rule Violation',
  '712': 'Merge to person Account operation is invalid',
  '713': 'Transient Error',
  '714': 'Unable to find the default record type',
  '718': 'ExternalSalesPersonID not found',
  '719': 'Lock wait timeout exception',
  '1001': 'Invalid value',
  '1002': 'Missing value for the required parameter',
  '1003': 'Invalid data',
  '1004': 'Lead not found',
  '1005': 'Lead already exists',
  '1006': 'Field not found',
  '1007': 'Multiple lead match lookup criteria',
  '1008': 'Access denied to partition',
  '1009': 'Partition name must be specified',
  '1010': 'Partition update not allowed',
  '1011': 'Field not supported',
  '1013': 'Object not found',
  '1016': 'Too many imports',
  '1017': 'Object already exists',
  '1018': 'CRM Enabled',
  '1019': 'Import in progress',
  '1021': 'Company update not allowed',
  '1022': 'Object in use',
  '1029': 'Too many jobs in queue',
  '1036': 'Duplicate object found in input',
  '1077': 'Value for field exceeds max length',
  '1080': 'Too many leads to merge',
}

export const messageOf = (code: string) => MESSAGES[code] ?? `Error ${code}`

export const reason = (code: string, message?: string): Reason => ({
  code,
  message: message ?? messageOf(code),
})

export const failure = (code: string, message?: string): Answer => ({
  status: 200,
  body: { success: false, errors: [reason(code, message)] },
})

export const success = (parts: Record<string, unknown>): Answer => ({
  status: 200,
  body: { ...parts, success: true },
})

export const skipped = (code: string, message?: string): RecordResult => ({
  status: 'skipped',
  reasons: [reason(code, message)],
})

/** Every distinct code of an answer, of the response and of its records. */
export function codesOf(answer: Answer): string[] {
  if (typeof answer.body === 'string') return []
  const codes = new Set<string>()
  for (const error of listOf(answer.body.errors)) codes.add((error as Reason).code)
  for (const result of listOf(answer.body.result))
    for (const why of listOf((result as RecordResult).reasons)) codes.add((why as Reason).code)
  return [...codes]
}

const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : [])
