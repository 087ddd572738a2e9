// The process that every dyno runs: reads the configuration, starts the service, ends it on a signal.
import { setFlagsFromString } from 'node:v8'
import closeWithGrace from 'close-with-grace'
import { ConfigError, readConfig } from './config.ts'
import { BridgeError, reasonOf } from './errors.ts'
import { createLog } from './log.ts'
import { startService } from './service.ts'

/** Longer than the 20 s that work in flight is given, shorter than the 30 s after which Heroku kills. */
const CLOSE_WITHIN_MS = 26_000

/** V8 lets garbage lie as long as the machine has memory; a dyno has 512 MB. So the heap grows by half at most before the next full
 *  collection, and its nursery stays as large as loading the code has made it. A first load of 40,000 leads on PostgreSQL peaked at 328 MB
 *  with the first flag alone, 232 MB with both. (--optimize-for-size: 187 MB, but more than half of the CPU went into collecting.) */
const V8_FLAGS = ['--heap-growing-percent=50', '--semi-space-growth-factor=1']

for (const flag of V8_FLAGS) setFlagsFromString(flag)

try {
  const config = readConfig()
  const { env } = config
  const log = createLog(env.LOG_LEVEL)
  for (const warning of config.warnings) log.warn(warning)
  const service = await startService(config, log)
  log.info({ port: service.port }, `listening on port ${service.port}`)
  if (env.DATABASE_URL === undefined)
    log.warn(`the embedded database in ${env.DATA_DIR} is for trying out; set DATABASE_URL for real use`)
  closeWithGrace(
    { delay: CLOSE_WITHIN_MS, logger: { error: (message) => log.error(message) } },
    async ({ signal, err }) => {
      if (err)
        log.error(
          { reason: reasonOf(err), stack: err.stack },
          'the process stops because of an unexpected failure',
        )
      else log.info(`${signal ?? 'closing'}: no new work from here on`)
      await service.close()
      log.info('closed')
    },
  )
} catch (error) {
  const sentence = error instanceof BridgeError ? `${reasonOf(error)} ${error.advice}` : reasonOf(error)
  process.stderr.write(`${error instanceof ConfigError ? error.message : sentence}\n`)
  process.exit(1)
}
