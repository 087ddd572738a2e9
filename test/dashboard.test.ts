// The dashboard asks for what /metrics exports, and for all that is ours.
import t from 'tap'
import { databaseKinds } from './fixtures/databases.ts'
import { readJson } from './fixtures/repository.ts'
import { METRICS_TOKEN, startWeb } from './fixtures/web.ts'

interface Dashboard {
  panels: {
    title: string
    gridPos: { x: number; y: number; w: number; h: number }
    targets: { expr: string }[]
  }[]
}

const { panels } = readJson('docs/grafana-dashboard.json') as Dashboard
const asked = panels.flatMap(({ targets }) =>
  targets.flatMap(({ expr }) => expr.match(/\b(?:bridge|process|nodejs)_\w+/g) ?? []),
)

t.test('every metric that the dashboard asks for is exported, and every one of ours is on it', async (t) => {
  const { db } = await (await databaseKinds()).at(-1)!.create(t)
  const web = await startWeb(t, db)
  const { body } = await web.request('/metrics', { headers: { authorization: `Bearer ${METRICS_TOKEN}` } })
  const types = [...String(body['text']).matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name = '', type]) => ({
    name,
    type,
  }))
  const exported = types.flatMap(({ name, type }) =>
    type === 'histogram' ? [`${name}_bucket`, `${name}_count`, `${name}_sum`] : [name],
  )
  t.ok(asked.length > 15)
  for (const name of asked) t.ok(exported.includes(name), name)
  for (const { name } of types)
    if (name.startsWith('bridge_'))
      t.ok(
        asked.some((one) => one.startsWith(name)),
        name,
      )
})

t.test('each panel has a query and a place of its own', async (t) => {
  const taken = new Set<string>()
  for (const { title, gridPos, targets } of panels) {
    t.ok(targets.length > 0 && gridPos.x + gridPos.w <= 24, title)
    for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++)
      for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
        t.notOk(taken.has(`${x},${y}`), `${title} overlaps`)
        taken.add(`${x},${y}`)
      }
  }
})
