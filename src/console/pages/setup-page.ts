// The checklist that checks itself, and the values to paste into Salesforce.
import type { Config } from '../../config.ts'
import type { App } from '../../web/app-type.ts'
import type { Preflight } from '../preflight/run.ts'
import type { Show } from './pages.ts'

export function setupPages(
  app: App,
  deps: { config: Config; show: Show; preflight: () => Promise<Preflight> },
): void {
  const { config, show, preflight } = deps

  app.get('/setup', { config: { access: 'session' }, schema: { hide: true } }, async (request, reply) => {
    const { rows, ok, at } = await preflight()
    const groups = [...new Set(rows.map(({ group }) => group))]
    return show(request, reply, {
      template: 'setup',
      title: 'Set-up',
      data: {
        ok,
        at,
        broken: rows.filter(({ state }) => state === 'failed').length,
        open: rows.filter(({ state }) => state === 'unknown').length,
        groups: groups.map((name) => ({ name, rows: rows.filter(({ group }) => group === name) })),
        address: config.env.APP_URL ?? `${request.protocol}://${request.host}`,
      },
    })
  })
}
