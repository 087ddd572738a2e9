// The console's pages, all in one scope of the web server.
import type { Config } from '../../config.ts'
import type { Db } from '../../database/tables.ts'
import type { InsightSource } from '../../insights/read-now.ts'
import type { Salesforce } from '../../salesforce/connect.ts'
import type { Reader } from '../../salesforce/read.ts'
import type { App } from '../../web/app-type.ts'
import type { Sessions } from '../../web/session.ts'
import type { Preflight } from '../preflight/run.ts'
import type { Status } from '../status.ts'
import { changesPages } from './changes-page.ts'
import { homePages } from './home-page.ts'
import { openPages } from './pages.ts'
import { parkedPages } from './parked-page.ts'
import { recordPages } from './record-page.ts'
import { settingsPages } from './settings-page.ts'
import { setupPages } from './setup-page.ts'
import { signInPages } from './sign-in.ts'

export interface ConsoleDeps {
  config: Config
  db: Db
  marketo: InsightSource | undefined
  salesforce: (() => Promise<Pick<Reader, 'read'>>) | undefined
  org: (() => Promise<Salesforce>) | undefined
  sessions: Sessions
  status: () => Promise<Status>
  preflight: () => Promise<Preflight>
  now: () => number
}

export async function consolePages(app: App, deps: ConsoleDeps): Promise<void> {
  const { config, db, sessions, status, now } = deps
  const show = await openPages(app, { sessions, embedded: config.env.DATABASE_URL === undefined })
  signInPages(app, { show, sessions, adminToken: config.env.ADMIN_TOKEN, now })
  homePages(app, { db, show, status, now })
  changesPages(app, { db, show })
  parkedPages(app, { db, show })
  recordPages(app, { ...deps, show })
  settingsPages(app, { ...deps, show })
  setupPages(app, { ...deps, show })
}
