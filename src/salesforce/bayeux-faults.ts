// What an unwelcome Bayeux message means for the stream. Pure. `ext.sfdc.failureReason` goes before `error`: a busy server says
// 401 in `error` and 503 in the reason. Sources: "Streaming API Error Codes" and "Handling Streaming API Errors" (v67).

export type FaultKind =
  /** New token, new client. */
  | 'renew-token'
  /** New client, same token. */
  | 'rebuild'
  /** New client after minutes, same token. */
  | 'server-busy'
  /** Stay down until the rolling 24 hours give room. */
  | 'daily-limit'
  /** The stored position is gone: subscribe to what comes, and reconcile. */
  | 'bad-replay'
  /** An admin has to do something. */
  | 'config'

export interface Fault {
  kind: FaultKind
  code: string
  reason: string
  advice: string
}

export interface BayeuxMessage {
  channel: string
  successful?: unknown
  error?: unknown
  ext?: unknown
  advice?: unknown
  clientId?: unknown
  subscription?: unknown
  data?: unknown
}

const BY_ITSELF = 'It goes on by itself; events of the last 72 hours are kept by Salesforce.'

interface Rule {
  when: RegExp
  kind: FaultKind
  code: string
  reason: string
  advice: string
}

/** In order: the first that fits decides. */
const RULES: Rule[] = [
  {
    when: /^503::|server is too busy/i,
    kind: 'server-busy',
    code: 'stream_server_busy',
    reason: 'Salesforce says that its streaming server is too busy',
    advice: `${BY_ITSELF} If it lasts, see https://status.salesforce.com for your instance.`,
  },
  {
    when: /daily limit exceeded|total events daily/i,
    kind: 'daily-limit',
    code: 'stream_daily_limit',
    reason: 'The org has used up its event deliveries of the last 24 hours',
    advice:
      'Meanwhile changes are found by query, every few minutes. See Setup > Platform Events > Event Allocations for who subscribes; Salesforce sells more (Platform Events add-on).',
  },
  {
    when: /concurrent user limit|simultaneous connections/i,
    kind: 'rebuild',
    code: 'stream_client_limit',
    reason: 'The org has as many streaming clients as it may have',
    advice: `${BY_ITSELF} Close other streaming clients: other integrations, and browser tabs with components that listen to events.`,
  },
  {
    when: /^400::the replayid/i,
    kind: 'bad-replay',
    code: 'stream_replay_expired',
    reason: 'Salesforce no longer has the events since the stored position',
    advice: 'Nothing to do: what changed meanwhile is found by query at once.',
  },
  {
    when: /unsupported api version/i,
    kind: 'config',
    code: 'stream_version_unsupported',
    reason: 'Salesforce does not offer this API version for streaming',
    advice: 'Deploy the current version of this app.',
  },
  {
    when: /channel you requested to subscribe to doesn'?t exist|cannot create channel|channel .*(?:not found|doesn'?t exist)/i,
    kind: 'config',
    code: 'stream_channel_missing',
    reason: 'The platform event Record_Change__e does not exist in the org',
    advice:
      'Deploy the Salesforce half (sfdx-project), then look in Setup > Platform Events for Record Change. It is tried again by itself.',
  },
  {
    when: /restricted channel|subscribe.* denied|not authorized to subscribe/i,
    kind: 'config',
    code: 'stream_permission_missing',
    reason: 'The integration user may not read the platform event Record_Change__e',
    advice:
      "Assign the integration user the app's permission set: Setup > Permission Sets, the set > Object Settings > Record Changes > Read. It is tried again by itself.",
  },
  {
    when: /^401::|requires authentication|authentication invalid|invalid_session_id/i,
    kind: 'renew-token',
    code: 'stream_token_refused',
    reason: 'Salesforce no longer accepts the access token of the stream',
    advice:
      'A new login is made by itself. If it comes back again and again, see Setup > Login History and the session policy of the app.',
  },
  {
    when: /unknown client|cookie/i,
    kind: 'rebuild',
    code: 'stream_client_lost',
    reason: 'Salesforce has forgotten the streaming client',
    advice: BY_ITSELF,
  },
]

/** The fault that a message tells of; undefined for one that is as it should be, and for every event, whatever it holds. */
export function faultOf(message: BayeuxMessage): Fault | undefined {
  if (!message.channel.startsWith('/meta/')) return undefined
  if (message.channel === '/meta/disconnect')
    return rebuild('stream_disconnected', `Salesforce ended the streaming client${said(wordsOf(message))}`)
  const advised = adviceOf(message.advice).reconnect
  if (message.successful === true) {
    const leave = advised === 'none' || advised === 'handshake'
    return leave
      ? rebuild('stream_client_lost', `Salesforce asks for a new streaming client (${advised})`)
      : undefined
  }
  const words = wordsOf(message)
  const rule = RULES.find(({ when }) => words.some((text) => when.test(text)))
  if (rule !== undefined) return { ...rule, reason: `${rule.reason}${said(words)}` }
  return rebuild('stream_refused', `Salesforce refused ${message.channel}${said(words)}`)
}

/** Of an HTTP answer that holds no Bayeux message. */
export function httpFault(status: number, errorCode: string | undefined): Fault {
  if (status === 401 || errorCode === 'INVALID_SESSION_ID')
    return byCode('stream_token_refused', `HTTP ${status}`)
  const what = errorCode === undefined ? '' : `, ${errorCode}`
  return rebuild(
    'stream_transport',
    `Salesforce's streaming answered with HTTP ${status}${what} instead of messages`,
  )
}

export function rebuild(code: string, reason: string): Fault {
  return { kind: 'rebuild', code, reason, advice: BY_ITSELF }
}

function byCode(code: string, detail: string): Fault {
  const rule = RULES.find((one) => one.code === code)!
  return { ...rule, reason: `${rule.reason} (${detail})` }
}

/** Sanitised: what is no number or no known word counts as not said. */
export function adviceOf(advice: unknown): { reconnect?: string; intervalMs: number } {
  const { reconnect, interval } = (typeof advice === 'object' && advice !== null ? advice : {}) as Record<
    string,
    unknown
  >
  return {
    ...(typeof reconnect === 'string' ? { reconnect } : {}),
    intervalMs: typeof interval === 'number' && interval > 0 ? Math.min(interval, 30_000) : 0,
  }
}

/** The reason before the error; where the reason decides, the error isn't looked at. */
function wordsOf({ ext, error }: BayeuxMessage): string[] {
  const reason = at(at(ext, 'sfdc'), 'failureReason')
  return [typeof reason === 'string' && reason !== '' ? reason : error].filter(
    (text) => typeof text === 'string',
  )
}

function said(words: string[]): string {
  const text = words.join(' ').replaceAll(/\s+/g, ' ').trim().slice(0, 200)
  return text === '' ? '' : ` (${text})`
}

function at(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined
}
