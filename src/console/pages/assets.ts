// Style sheets, scripts and pictures of the pages: Salesforce's own (SLDS), the chart library's and ours. Named by their version, so
// that browsers keep them for good.
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import fastifyStatic from '@fastify/static'
import type { App } from '../../web/app-type.ts'

const { resolve } = createRequire(import.meta.url)
const OURS = join(import.meta.dirname, 'assets')
const SLDS = join(dirname(resolve('@salesforce-ux/design-system/package.json')), 'assets/styles')
const UPLOT = dirname(resolve('uplot/dist/uPlot.iife.min.js'))

const FILES: Record<string, { folder: string; file: string }> = {
  'slds.css': { folder: SLDS, file: 'salesforce-lightning-design-system.min.css' },
  'uplot.css': { folder: UPLOT, file: 'uPlot.min.css' },
  'uplot.js': { folder: UPLOT, file: 'uPlot.iife.min.js' },
  'console.css': { folder: OURS, file: 'console.css' },
  'console.js': { folder: OURS, file: 'console.js' },
  'icon.svg': { folder: OURS, file: 'icon.svg' },
}

export const ASSETS_VERSION = versionOf(Object.values(FILES))

function versionOf(files: { folder: string; file: string }[]): string {
  const hash = createHash('sha256')
  for (const { folder, file } of files) hash.update(readFileSync(join(folder, file)))
  return hash.digest('hex').slice(0, 12)
}

export async function serveAssets(app: App): Promise<void> {
  await app.register(fastifyStatic, { root: OURS, serve: false })
  for (const [name, { folder, file }] of Object.entries(FILES))
    app.get(
      `/assets/${ASSETS_VERSION}/${name}`,
      { config: { access: 'open' }, schema: { hide: true } },
      (_request, reply) => reply.sendFile(file, folder, { maxAge: '365d', immutable: true }),
    )
}
