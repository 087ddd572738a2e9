// What an instance of the simulator can be told. `settings` is one mutable object: everything but the port, the
// credentials and the field names may be changed while it runs.
import type { LoggedCall } from './call-log.ts'
import type { Field } from './fields.ts'

export interface MarketoOptions {
  port?: number
  clientId?: string
  clientSecret?: string
  /** Limits of the whole instance (marketo-rest §2). */
  callsPer20Seconds?: number
  concurrency?: number
  dailyCalls?: number
  /** How long each call takes. A call reads at its arrival and writes at its end, so overlapping upserts race. */
  latencyMs?: number
  /** Does Sync Leads take `lookupField: externalPersonId`? Undocumented (marketo-rest §0.1); false answers 1011. */
  externalPersonIdLookup?: boolean
  /** Adobe's page says relativeScoring, its instances say relativeScore (marketo-rest §0.2). */
  scoreFieldName?: 'relativeScore' | 'relativeScoring'
  urgencyFieldName?: 'relativeUrgency' | 'urgency'
  /** Native CRM sync on: 1018 on writes of everything but leads (marketo-rest §3.4). */
  nativeSync?: boolean
  /** "MSI Non-Native" enabled: without it externalPersonId does not exist (marketo-rest §0.1). */
  nonNativeFeature?: boolean
  tokenSeconds?: number
  now?: () => number
  /** E-mail of the API-only user: `scope` of the token, `userId` of the usage report. */
  user?: string
  /** Seed of everything that is random (fault probabilities, spread of late work). */
  seed?: number
  /** How many of the latest calls keep their records and results in the call log. */
  keepRecords?: number
  /** Custom fields of the lead, beside the one that is always there (`leadCompanyName`). */
  customLeadFields?: readonly Field[]
  partitions?: readonly string[]
  /** Ids differ between instances (marketo-rest §6: 46 here, 41 in an old blog post). */
  interestingMomentTypeId?: number
  changeScoreTypeId?: number
  /** Walks of several activity pages contain short and empty pages with moreResult (marketo-rest §6). */
  shortPages?: boolean
  /** The documented sample says false, other samples update it all the same (marketo-rest §3.1). */
  salesPersonEmailUpdateable?: boolean
  /** What else must never be in a call, as sentences: what only somebody who knows Salesforce can say. Asked when the call arrives. */
  alsoNever?: (call: LoggedCall) => readonly string[]
  /** Serves /_control/ (see control.ts): for benches that run the simulator as a process of its own. */
  control?: boolean
}

export type Settings = { -readonly [K in keyof MarketoOptions]-?: NonNullable<MarketoOptions[K]> }

const DEFAULTS: Settings = {
  port: 0,
  clientId: 'marketo-client',
  clientSecret: 'marketo-secret-0123456789',
  callsPer20Seconds: 100,
  concurrency: 10,
  dailyCalls: 50_000,
  latencyMs: 0,
  externalPersonIdLookup: true,
  scoreFieldName: 'relativeScore',
  urgencyFieldName: 'relativeUrgency',
  nativeSync: false,
  nonNativeFeature: true,
  tokenSeconds: 3600,
  now: Date.now,
  user: 'bridge@apis.example',
  seed: 1,
  keepRecords: 5000,
  customLeadFields: [],
  partitions: ['Default'],
  interestingMomentTypeId: 46,
  changeScoreTypeId: 22,
  shortPages: true,
  salesPersonEmailUpdateable: true,
  alsoNever: () => [],
  control: false,
}

export const settingsFrom = (options: MarketoOptions): Settings => ({ ...DEFAULTS, ...options })
