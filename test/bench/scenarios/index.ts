// The scenarios, in the order they are told.
import type { Scenario } from '../scenario.ts'
import { capacity, growth } from './capacity.ts'
import { day } from './day.ts'
import { edits } from './edits.ts'
import { latency } from './latency.ts'
import { leads } from './leads.ts'
import { marks } from './marks.ts'
import { memory } from './memory.ts'
import { objects } from './objects.ts'
import { peers } from './peers.ts'
import { salesforceCalls } from './salesforce-calls.ts'
import { start } from './start.ts'
import { takeover } from './takeover.ts'
import { webhook } from './webhook.ts'

export const SCENARIOS: Scenario[] = [
  leads,
  peers,
  objects,
  edits,
  capacity,
  growth,
  latency,
  memory,
  marks,
  day,
  webhook,
  start,
  takeover,
  salesforceCalls,
]
