// The admin's row per object (custom metadata Marketo_Object_Setting__mdt): is it synced, and which of its records. Pure.
import { OBJECTS, type ObjectName } from '../salesforce/ids.ts'

export interface ObjectSetting {
  object: string
  active: boolean
  /** SOQL condition. */
  filter: string | null
}

export interface BadSetting {
  object: string
  filter: string | null
  reason: string
}

export type EffectiveSetting = Pick<ObjectSetting, 'active' | 'filter'>

export interface SettingsInput {
  settings: ObjectSetting[]
  /** Filters that Salesforce does not take, with its reason. */
  refused?: ReadonlyMap<ObjectSetting, string> | undefined
  /** The last effective settings. */
  before?: Readonly<Partial<Record<ObjectName, EffectiveSetting>>> | undefined
}

/** A bad row changes nothing: the former filter stays, and where there is none the object waits, so that nothing goes out unfiltered. */
export function effectiveSettings({ settings, refused, before }: SettingsInput): {
  settings: Map<ObjectName, EffectiveSetting>
  bad: BadSetting[]
  /** Objects whose row is refused. */
  untried: ObjectName[]
} {
  const good = new Map<ObjectName, EffectiveSetting>()
  const bad: BadSetting[] = []
  const untried: ObjectName[] = []
  for (const setting of settings) {
    const { active, filter } = setting
    const object = OBJECTS.find((name) => name === setting.object)
    const reason = refused?.get(setting)
    if (object === undefined)
      bad.push({ object: setting.object, filter, reason: notOneOfOurs(setting.object) })
    else if (good.has(object)) bad.push({ object, filter, reason: `${object} has another row already` })
    else if (reason === undefined) good.set(object, { active, filter })
    else {
      const former = before?.[object]
      good.set(object, { active: active && (former?.active ?? false), filter: former?.filter ?? null })
      bad.push({ object, filter, reason })
      untried.push(object)
    }
  }
  return { settings: good, bad, untried }
}

export const notOneOfOurs = (name: string): string => `${name} is not one of ${OBJECTS.join(', ')}`
