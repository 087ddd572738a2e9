import t from 'tap'
import { readConfig } from '../src/config.ts'
import { createLog } from '../src/log.ts'
import { connectMarketo } from '../src/marketo-connection.ts'
import { mergeLeads } from '../src/marketo/calls.ts'
import { createMetrics } from '../src/metrics.ts'
import { databaseKinds } from './fixtures/databases.ts'
import { ENVIRONMENT } from './fixtures/web.ts'
import { startMarketo } from './simulators/marketo/index.ts'

const kind = (await databaseKinds()).at(-1)

t.test('calls are counted by the endpoint as Marketo names it', async (t) => {
  const { db } = await kind!.create(t)
  const simulator = await startMarketo()
  t.teardown(() => simulator.close())
  const metrics = createMetrics()
  const { client, schema } = connectMarketo({
    config: readConfig({
      ...ENVIRONMENT,
      MARKETO_BASE_URL: simulator.url,
      MARKETO_CLIENT_ID: simulator.clientId,
      MARKETO_CLIENT_SECRET: simulator.clientSecret,
    }),
    db,
    metrics,
    log: createLog('silent'),
  })!
  t.teardown(() => client.close())
  await schema()
  await mergeLeads(client, { winner: 1000001, losers: [1000002], priority: 'live' })
  const told = await metrics.registry.metrics()
  t.match(told, 'bridge_marketo_calls_total{endpoint="leads/describe2.json",result="ok"} 1')
  t.match(told, /bridge_marketo_calls_total\{endpoint="leads\/\{id\}\/merge.json",result="\w+"\} 1/)
})
