// Runs the simulator alone: node test/simulators/marketo/main.ts --port 4002 --latency 50
// Prints its URL on one line; /_control/ (control.ts) does what a test would do by `instance` and `faults`.
import { parseArgs } from 'node:util'
import { startMarketo } from './index.ts'
import type { MarketoOptions } from './index.ts'

const USAGE = `node test/simulators/marketo/main.ts
  --port N            4002
  --latency MS        0
  --rate N            100 calls in 20 seconds
  --concurrency N     10 calls at once
  --daily N           50000 calls a day
  --keep-records N    200 latest calls keep their records in the call log
  --client-id, --client-secret
  --native-sync, --no-person-id-lookup, --no-non-native`

const number = (text: string) => {
  const value = Number(text)
  if (!Number.isFinite(value) || value < 0) throw new Error(`${text} is not a number`)
  return value
}

function optionsFrom(argv: readonly string[]): MarketoOptions | undefined {
  const text = { type: 'string' } as const
  const flag = { type: 'boolean' } as const
  const { values } = parseArgs({
    args: [...argv],
    options: {
      port: text,
      latency: text,
      rate: text,
      concurrency: text,
      daily: text,
      'keep-records': text,
      'client-id': text,
      'client-secret': text,
      'native-sync': flag,
      'no-person-id-lookup': flag,
      'no-non-native': flag,
      help: flag,
    },
  })
  if (values.help) return undefined
  return {
    control: true,
    port: number(values.port ?? '4002'),
    ...(values.latency === undefined ? {} : { latencyMs: number(values.latency) }),
    ...(values.rate === undefined ? {} : { callsPer20Seconds: number(values.rate) }),
    ...(values.concurrency === undefined ? {} : { concurrency: number(values.concurrency) }),
    ...(values.daily === undefined ? {} : { dailyCalls: number(values.daily) }),
    // Few, as a load of a million leads would otherwise be held twice.
    keepRecords: number(values['keep-records'] ?? '200'),
    ...(values['client-id'] === undefined ? {} : { clientId: values['client-id'] }),
    ...(values['client-secret'] === undefined ? {} : { clientSecret: values['client-secret'] }),
    nativeSync: values['native-sync'] ?? false,
    externalPersonIdLookup: !values['no-person-id-lookup'],
    nonNativeFeature: !values['no-non-native'],
  }
}

try {
  const options = optionsFrom(process.argv.slice(2))
  if (!options) console.log(USAGE)
  else {
    const marketo = await startMarketo(options)
    console.log(
      `Marketo simulator: ${marketo.url} (client ${marketo.clientId}, secret ${marketo.clientSecret})`,
    )
    const stop = () => void marketo.close().then(() => process.exit(0))
    process.once('SIGTERM', stop)
    process.once('SIGINT', stop)
  }
} catch (error) {
  console.error(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`)
  process.exitCode = 1
}
