// The console's pages, all in one scope of the web server.
import type { Config } from '../../config.ts'
import type { Db } from '../../database/tables.ts'
import type { App } from '../../web/app-type.ts'
import type { Sessions } from '../../web/session.ts'
import type { Status } from '../status.ts'
import { homePages } from './home-page.ts'
import { openPages } from './pages.ts'
import { signInPages } from './sign-in.ts'

export interface ConsoleDeps {
  config: Config
  db: Db
  sessions: Sessions
  status: () => Promise<Status>
  now: () => number
}

export async function consolePages(app: App, deps: ConsoleDeps): Promise<void> {
  const { config, db, sessions, status, now } = deps
  const show = await openPages(app, { sessions, embedded: config.env.DATABASE_URL === undefined })
  signInPages(app, { show, sessions, adminToken: config.env.ADMIN_TOKEN, now })
  homePages(app, { db, show, status, now })
}
