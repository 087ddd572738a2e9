// Numbers, times and pictures as pages show them.
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { createRequire } from 'node:module'
import { ASSETS_VERSION } from './assets.ts'

const ICONS = join(
  dirname(createRequire(import.meta.url).resolve('@salesforce-ux/design-system/package.json')),
  'assets/icons/utility',
)
const NAMES = ['search', 'success', 'error', 'warning', 'info', 'dash'] as const

/** Only the picture's inside: size and colour are the page's business. */
const icons = Object.fromEntries(
  NAMES.map((name) => [
    name,
    /<path.*<\/svg>/s.exec(readFileSync(join(ICONS, `${name}.svg`), 'utf8'))?.[0] ?? '',
  ]),
) as Record<string, string>

const numbers = new Intl.NumberFormat('en')
const times = new Intl.DateTimeFormat('en-GB', {
  dateStyle: 'medium',
  timeStyle: 'short',
  timeZone: 'UTC',
})

/** For text in which the page itself then makes links or places to break. */
const escaped = (text: string): string => text.replaceAll(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`)

const IDS = /\b00[1356QK][A-Za-z0-9]{15}\b/g

export const words = {
  assets: `/assets/${ASSETS_VERSION}`,
  /** As HTML, with links on the ids of other records. */
  linked: (text: string, own?: string): string =>
    escaped(text).replaceAll(IDS, (id) => (id === own ? id : `<a href="/records/${id}">${id}</a>`)),
  /** As HTML that breaks between the words of an object's name where a line is too short for it. */
  name: (text: string): string =>
    text
      .split(/(?<=[a-z])(?=[A-Z])/)
      .map(escaped)
      .join('<wbr>'),
  plural,
  number: (value: number): string => numbers.format(value),
  time: (iso: string): string => `${times.format(new Date(iso))} UTC`,
  icon: (name: string): string =>
    `<svg class="slds-icon slds-icon_x-small" viewBox="0 0 520 520" aria-hidden="true" focusable="false">${icons[name] ?? '</svg>'}`,
}

/** 1 Lead, 412 Leads, 2 Opportunities */
export function plural(count: number, object: string): string {
  const plural = object.endsWith('y') ? `${object.slice(0, -1)}ies` : `${object}s`
  return `${numbers.format(count)} ${count === 1 ? object : plural}`
}

/** 30 → "less than a minute", 95 → "about 2 minutes" */
export function about(seconds: number): string {
  return seconds < 60 ? 'less than a minute' : `about ${duration(seconds)}`
}

/** 95 → "2 minutes" */
export function duration(seconds: number): string {
  if (seconds < 60) return 'less than a minute'
  const minutes = Math.round(seconds / 60)
  if (minutes < 60) return minutes === 1 ? 'one minute' : `${minutes} minutes`
  const hours = Math.round(minutes / 60)
  if (hours < 48) return hours === 1 ? 'one hour' : `${hours} hours`
  return `${Math.round(hours / 24)} days`
}
