import { sql } from 'kysely'
import t from 'tap'
import { openDatabase } from '../../src/database/connection.ts'
import { reasonOf } from '../../src/errors.ts'
import { createLog } from '../../src/log.ts'
import { postgresAnswers } from '../fixtures/postgres.ts'
import { ownAddress, startTlsFront } from './fixtures/tls-front.ts'

const host = ownAddress()
const skip = (await postgresAnswers())
  ? host === undefined && 'this machine has no address but loopback'
  : 'there is no PostgreSQL here'

t.test(
  'PostgreSQL elsewhere is reached over TLS, and its certificate is trusted only when told so',
  { skip },
  async (t) => {
    const front = await startTlsFront(t, host!)
    const ask = async (tls: 'verify' | 'no-verify' | 'off'): Promise<unknown> => {
      const { db, close } = await openDatabase({ url: front.url, tls, folder: '', log: createLog('silent') })
      try {
        return (await sql`select 1 as one`.execute(db)).rows
      } catch (error) {
        return reasonOf(error)
      } finally {
        await close()
      }
    }
    t.strictSame(await ask('no-verify'), [{ one: 1 }], "as with Heroku's certificates")
    t.match(await ask('verify'), /self-signed certificate/)
    t.strictSame(front.began, ['tls', 'tls'])
    t.strictSame(await ask('off'), [{ one: 1 }])
    t.equal(front.began.at(-1), 'plain')
  },
)

t.test('over TLS, too, only a silent connection is ended', { skip }, async (t) => {
  const front = await startTlsFront(t, host!)
  const { db, close } = await openDatabase({
    url: front.url,
    tls: 'no-verify',
    folder: '',
    log: createLog('silent'),
    silentMs: 1_000,
  })
  t.teardown(close)
  for (let n = 0; n < 5; n++) await sql`select pg_sleep(0.4)`.execute(db)
  t.strictSame(front.began, ['tls'], 'one connection for all of them')
  await t.rejects(sql`select pg_sleep(30)`.execute(db), { code: 'ETIMEDOUT' })
})
