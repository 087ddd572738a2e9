// GET /api/preflight: the set-up checklist for programs, first of all for `npm run doctor`.
import { z } from 'zod'
import type { App } from '../web/app-type.ts'
import { failures } from '../web/failures.ts'
import type { Preflight } from './preflight/run.ts'

export const preflightShape = z
  .object({
    ok: z.boolean().describe('No row failed.'),
    at: z.string(),
    rows: z.array(
      z.object({
        group: z.enum(['Salesforce', 'Marketo', 'The way back', 'The bridge']),
        name: z.string(),
        state: z.enum(['ok', 'failed', 'unknown']),
        tried: z.string(),
        result: z.string(),
        cure: z.string().nullable(),
      }),
    ),
  })
  .describe('The set-up checklist.')

export function preflightRoute(app: App, preflight: () => Promise<Preflight>): void {
  app.get(
    '/api/preflight',
    {
      config: { access: 'admin' },
      schema: {
        tags: ['console'],
        summary: 'Checks the set-up, row by row.',
        security: [{ admin: [] }],
        response: { 200: preflightShape, ...failures(401, 429, 503) },
      },
    },
    () => preflight(),
  )
}
