// The process that every dyno runs: reads the configuration, starts the service, ends it on a signal.
import { setFlagsFromString } from 'node:v8'
import closeWithGrace from 'close-with-grace'
import { ConfigError, readConfig } from './config.ts'
import { BridgeError, reasonOf } from './errors.ts'
import { createLog } from './log.ts'
import { startService } from './service.ts'

/** Longer than the 20 s that work in flight is given, shorter than the 30 s after which Heroku kills. */
const CLOSE_WITHIN_MS = 26_000

/** V8 lets garbage lie as long as the machine has memory; a dyno has 512 MB. A first load of 22,866 records on PostgreSQL peaked at
 *  374 MB without, 192 MB with it, in the same time. */
setFlagsFromString('--optimize-for-size')

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
