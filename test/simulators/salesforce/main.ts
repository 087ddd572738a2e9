// The Salesforce simulator as a process of its own:
// node test/simulators/salesforce/main.ts [--port 8080] [--data folder | --generate [--seed 1] [--people 2000] …]

import { parseArgs } from 'node:util'
import { createControl } from './control.ts'
import { generateOrg } from './generate-org.ts'
import { startSalesforce, type SalesforceSimulator } from './index.ts'
import { loadExport } from './load-csv.ts'

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '8080' },
    data: { type: 'string' },
    generate: { type: 'boolean', default: false },
    seed: { type: 'string', default: '1' },
    users: { type: 'string', default: '25' },
    accounts: { type: 'string', default: '300' },
    people: { type: 'string', default: '2000' },
    opportunities: { type: 'string', default: '800' },
    'latency-ms': { type: 'string', default: '0' },
  },
})

let simulator: SalesforceSimulator | undefined
const control = createControl(() => simulator!)
simulator = await startSalesforce({
  port: Number(values.port),
  latencyMs: Number(values['latency-ms']),
  extra: control,
})

if (values.data !== undefined) {
  const { counts } = await loadExport(simulator.org, values.data, {
    onNotice: ({ file, line, reason }) => console.error(`${file}${line ? `:${line}` : ''}: ${reason}`),
  })
  console.log('Loaded', counts)
} else if (values.generate) {
  const counts = generateOrg(simulator.org, {
    seed: Number(values.seed),
    users: Number(values.users),
    accounts: Number(values.accounts),
    people: Number(values.people),
    opportunities: Number(values.opportunities),
  })
  console.log('Generated', counts)
}
console.log(
  `Salesforce simulator at ${simulator.url} (client ${simulator.clientId} / ${simulator.clientSecret})`,
)

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, () => void simulator.close().then(() => process.exit(0)))
}
