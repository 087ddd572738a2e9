// What the demo is asked for on the command line; every mistake is a sentence.
import { existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'

export interface DemoOptions {
  /** Folder of a Salesforce data export; without it an organisation is made up. */
  data?: string
  once: boolean
  json: boolean
  callsPer20Seconds: number
  concurrency: number
  matchByEmail: boolean
  /** A PostgreSQL server; a database of the demo's own is made there and dropped. */
  databaseUrl?: string
  port: number
  seed: number
}

export const USAGE = `npm run demo -- [options]

Starts a Salesforce and a Marketo simulator as real HTTP servers and the service between them, and keeps them in step.

  --data <folder>          load a Salesforce data export (User.csv, Account.csv, Lead.csv, Contact.csv, Opportunity.csv,
                           OpportunityContactRole.csv) instead of an organisation that is made up
  --once                   end when everything is in step: a table, and exit code 0 only if nothing differs
  --json                   with --once: the last line of output is one JSON object
  --calls <n>              Marketo calls in 20 seconds (50; Marketo allows 100)
  --concurrency <n>        Marketo calls at once (5; Marketo allows 10)
  --match-by-email <bool>  adopt Marketo persons with the same e-mail address (true)
  --database-url <url>     a PostgreSQL server, such as postgres://postgres@127.0.0.1:5432, instead of the embedded database
  --port <n>               port of the service (3000; 0 takes a free one)
  --seed <n>               another made-up organisation, another life (1)
  --help`

export type Asked = { options: DemoOptions } | { help: true } | { problem: string }

export const EXPORT_FILES = [
  'User',
  'Account',
  'Lead',
  'Contact',
  'Opportunity',
  'OpportunityContactRole',
].map((object) => `${object}.csv`)

export function readOptions(args: string[]): Asked {
  try {
    const { values } = parseArgs({
      args,
      options: {
        data: { type: 'string' },
        once: { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
        calls: { type: 'string', default: '50' },
        concurrency: { type: 'string', default: '5' },
        'match-by-email': { type: 'string', default: 'true' },
        'database-url': { type: 'string' },
        port: { type: 'string', default: '3000' },
        seed: { type: 'string', default: '1' },
        help: { type: 'boolean', default: false },
      },
    })
    if (values.help) return { help: true }
    if (values.json && !values.once) throw new Error('--json goes with --once')
    return {
      options: {
        ...(values.data === undefined ? {} : { data: exportFolder(values.data) }),
        once: values.once,
        json: values.json,
        callsPer20Seconds: whole('--calls', values.calls, 1, 100_000),
        concurrency: whole('--concurrency', values.concurrency, 1, 1_000),
        matchByEmail: flag('--match-by-email', values['match-by-email']),
        ...(values['database-url'] === undefined ? {} : { databaseUrl: serverUrl(values['database-url']) }),
        port: whole('--port', values.port, 0, 65_535),
        seed: whole('--seed', values.seed, 0, 2 ** 32 - 1),
      },
    }
  } catch (error) {
    return { problem: error instanceof Error ? error.message : String(error) }
  }
}

function whole(name: string, text: string, least: number, most: number): number {
  const value = Number(text)
  if (!/^\d+$/.test(text) || value < least || value > most)
    throw new Error(`${name} takes a whole number from ${least} to ${most}, not "${text}"`)
  return value
}

function flag(name: string, text: string): boolean {
  if (text !== 'true' && text !== 'false') throw new Error(`${name} takes true or false, not "${text}"`)
  return text === 'true'
}

function serverUrl(text: string): string {
  if (!/^postgres(ql)?:\/\//.test(text) || !URL.canParse(text))
    throw new Error('--database-url takes an address such as postgres://postgres@127.0.0.1:5432')
  return text
}

function exportFolder(folder: string): string {
  if (!existsSync(folder) || !statSync(folder).isDirectory())
    throw new Error(`--data: there is no folder ${folder}`)
  if (!EXPORT_FILES.some((file) => existsSync(join(folder, file))))
    throw new Error(`--data: ${folder} has none of ${EXPORT_FILES.join(', ')}`)
  return folder
}
