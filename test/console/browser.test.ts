import { sql } from 'kysely'
import t from 'tap'
import { mark, PRIORITY, waitForParent } from '../../src/database/changes.ts'
import { noteHistory } from '../../src/database/history.ts'
import { park } from '../../src/database/parked.ts'
import { ADMIN_TOKEN, startBridge, WEBHOOK_SECRET, type Bridge } from '../fixtures/bridge.ts'
import { databaseKinds } from '../fixtures/databases.ts'
import { personId } from '../fixtures/persons.ts'
import { until } from '../fixtures/until.ts'
import {
  CHROMIUM,
  DESK,
  openBrowser,
  openPage,
  overhang,
  PHONE,
  picture,
  violations,
  type Visit,
} from './fixtures/browser.ts'

const [kind] = await databaseKinds()
const skip =
  CHROMIUM === undefined ? 'no Chromium here: install it, or name it in the variable CHROMIUM' : false
if (skip !== false) t.comment(skip)

const EMAIL = 'jane.doe@example.com'

async function start(t: Parameters<typeof startBridge>[0]): Promise<{ bridge: Bridge; lead: string }> {
  let lead = ''
  const bridge = await startBridge(t, {
    kind: kind!,
    org: (org) => {
      const rep = org.insert('User', {
        FirstName: 'Sam',
        LastName: 'Rep',
        Email: 'sam.rep@example.com',
        Username: 'sam.rep@example.com',
        IsActive: true,
      })
      lead = org.insert('Lead', {
        FirstName: 'Jane',
        LastName: 'Doe',
        Company: 'Acme',
        Email: EMAIL,
        OwnerId: rep,
      })
    },
  })
  await bridge.settled()
  const { db } = bridge
  await noteHistory(db, [
    {
      object: 'Lead',
      id: lead,
      outcome: 'sent',
      code: null,
      reason: null,
      fields: ['email', 'firstName', 'lastName'],
    },
  ])
  const refused = {
    object: 'Lead',
    code: '1003',
    reason: 'The e-mail address is not valid.',
    advice: 'Correct Email in Salesforce; it is then sent by itself.',
    payload: null,
  }
  await park(
    db,
    [1, 2, 3].map((n) => ({ ...refused, id: personId(n) })),
  )
  await park(db, [
    {
      ...refused,
      object: 'Contact',
      id: personId(4, '003'),
      code: '1007',
      reason: 'Several persons in Marketo have this key.',
      advice: 'Merge them in Marketo (Database > Person Actions > Merge People).',
    },
  ])
  await mark(db, [{ object: 'Contact', id: personId(9, '003'), priority: PRIORITY.live }])
  await waitForParent(db, [
    {
      id: personId(9, '003'),
      parent: '0015e00000AbCdEAAX',
      reason: `waits for Account 0015e00000AbCdEAAX, which is parked`,
    },
  ])
  await sql`
    insert into samples (at, sent, refused, queued, waiting, parked)
    select now() - make_interval(mins => 5 * n), 400 + (n * 37) % 300 + case when n between 90 and 130 then 900 else 0 end, 0,
      greatest(0, 2000 - abs(110 - n) * 40), 0, 0
    from generate_series(3, 280) as n on conflict do nothing`.execute(db)
  await fetch(`${bridge.url}/webhooks/insights`, {
    method: 'POST',
    headers: { authorization: `Bearer ${WEBHOOK_SECRET}`, 'content-type': 'application/json' },
    body: '{"cursor":null}',
  })
  await until('the stream to be live', async () => (await bridge.status()).stream.state === 'live')
  return { bridge, lead }
}

async function signIn({ page }: Visit, url: string): Promise<void> {
  await page.goto(`${url}/login`)
  await page.getByLabel('Admin token').fill(ADMIN_TOKEN)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('heading', { name: 'Queue' }).waitFor()
}

/** A real browser on two busy cores; each of its waits has a deadline of its own. */
const TIMEOUT_MS = 110_000
t.setTimeout(TIMEOUT_MS)

t.test('admins in a real browser', { skip, timeout: TIMEOUT_MS }, async (t) => {
  const { bridge, lead } = await start(t)
  const browser = await openBrowser(t)

  await t.test('a wrong token is told so, the right one opens the page that was asked for', async (t) => {
    const visit = await openPage(browser)
    const { page, faults } = visit
    await page.goto(`${bridge.url}/parked?object=Lead`)
    t.match(page.url(), /\/login\?next=/)
    t.same(await violations(page), [])
    await page.getByLabel('Admin token').evaluate((field) => field.removeAttribute('id'))
    t.match(await violations(page), [/^label: /], 'axe finds what is wrong')
    await page.reload()
    await page.getByLabel('Admin token').fill('not-the-admin-token')
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByText('This is not the admin token').waitFor()
    t.same(await violations(page), [])
    await picture(page, 'console-sign-in')
    await page.getByLabel('Admin token').fill(ADMIN_TOKEN)
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByRole('heading', { name: 'Parked records' }).waitFor()
    t.match(page.url(), /\/parked\?object=Lead$/)
    await page.getByRole('button', { name: 'Sign out' }).click()
    await page.goto(`${bridge.url}/`)
    t.match(page.url(), /\/login$/)
    t.same(faults, [])
    await visit.context.close()
  })

  for (const viewport of [DESK, PHONE])
    await t.test(`every page is whole at ${viewport.width} px, and axe finds nothing wrong`, async (t) => {
      const visit = await openPage(browser, viewport)
      const { page, faults } = visit
      await signIn(visit, bridge.url)
      const pages: [string, string][] = [
        ['home', '/'],
        ['queue', '/changes'],
        ['parked', '/parked'],
        ['search', '/records?q=nobody'],
        ['record', `/records/${lead}`],
        ['record-parked', `/records/${personId(1)}`],
        ['settings', `/settings?id=${lead}&object=Lead`],
        ['set-up', '/setup'],
        ['nothing', '/no-such-page'],
      ]
      for (const [name, path] of pages) {
        await page.goto(bridge.url + path)
        await page.locator('main h1').first().waitFor({ state: 'attached' })
        if (name === 'home') await page.locator('.chart canvas').first().waitFor()
        // The same elements at another width: one page shows what the narrow arrangement does.
        if (viewport === DESK || name === 'home') t.same(await violations(page), [], `axe on ${path}`)
        t.equal(await overhang(page), 0, `${path} fits`)
        const text = await page.content()
        for (const secret of [
          ADMIN_TOKEN,
          WEBHOOK_SECRET,
          bridge.marketo.clientSecret,
          bridge.salesforce.clientSecret,
        ])
          t.notOk(text.includes(secret), `no secret on ${path}`)
        if (viewport === DESK || name === 'home')
          await picture(page, viewport === DESK ? `console-${name}` : `console-${name}-phone`)
      }
      t.same(faults, [])
      await visit.context.close()
    })

  await t.test('a record is found by e-mail, looked at and sent, with the keyboard alone', async (t) => {
    const visit = await openPage(browser)
    const { page, faults } = visit
    await page.goto(`${bridge.url}/login`)
    const press = async (key: string): Promise<void> => page.keyboard.press(key)
    const focused = (): Promise<string> =>
      page.locator(':focus').evaluate((element) => (element.textContent ?? '').trim() || element.id)
    const tabTo = async (name: string): Promise<void> => {
      for (let n = 0; n < 60; n++) {
        await press('Tab')
        if ((await page.locator(':focus').count()) > 0 && (await focused()).startsWith(name)) return
      }
      throw new Error(`the keyboard does not reach ${name}`)
    }
    await press('Tab')
    t.equal(await focused(), 'Skip to the content')
    await tabTo('token')
    await page.keyboard.type(ADMIN_TOKEN)
    await press('Enter')
    await page.getByRole('heading', { name: 'Queue' }).waitFor()
    await tabTo('find')
    await page.keyboard.type(EMAIL)
    await press('Enter')
    await page.getByRole('heading', { name: `Lead ${lead}` }).waitFor()
    t.equal(await page.getByText('Nothing is wrong with this record').count(), 1)
    await tabTo('Sync now')
    await press('Enter')
    await page.getByText('The record is queued and goes out first').waitFor()
    t.same(faults, [])
    await visit.context.close()
  })

  await t.test('a parked record is tried again at a click', async (t) => {
    const visit = await openPage(browser)
    const { page, faults } = visit
    await signIn(visit, bridge.url)
    await page.getByRole('link', { name: 'Parked', exact: true }).click()
    await page.getByRole('button', { name: `Retry ${personId(4, '003')}` }).click()
    await page.getByText('One record is queued again.').waitFor()
    t.same(faults, [])
    await visit.context.close()
  })

  await t.test('the home page follows what happens without being loaded again', async (t) => {
    const visit = await openPage(browser)
    const { page, faults } = visit
    await signIn(visit, bridge.url)
    const loads: string[] = []
    page.on('load', () => loads.push(page.url()))
    await park(bridge.db, [
      { object: 'Account', id: '0015e00000AbCdEAAX', code: '1003', reason: 'r', advice: 'a', payload: null },
    ])
    await page.getByRole('link', { name: '1 parked Account records' }).waitFor()
    t.same(loads, [])
    await bridge.db.deleteFrom('parked').where('object', '=', 'Account').execute()
    await page.getByRole('link', { name: '1 parked Account records' }).waitFor({ state: 'detached' })
    await page.getByRole('button', { name: 'Start a backfill' }).click()
    await page.getByText('The backfill starts within seconds.').waitFor()
    t.same(faults, [])
    await visit.context.close()
  })

  await t.test('an ended session leads to the sign-in with a sentence', async (t) => {
    const visit = await openPage(browser)
    const { page } = visit
    await signIn(visit, bridge.url)
    const [cookie] = await visit.context.cookies()
    t.match(cookie, { httpOnly: true, sameSite: 'Strict' })
    const value = `${Date.now() - 1}.${'a'.repeat(22)}.${'b'.repeat(43)}`
    await visit.context.addCookies([{ name: 'session', value, url: bridge.url }])
    await page.getByRole('link', { name: 'Set-up' }).click()
    await page.getByText('Your session has ended. Sign in again.').waitFor()
    await visit.context.close()
  })

  const log = bridge.log.join('')
  for (const secret of [
    ADMIN_TOKEN,
    WEBHOOK_SECRET,
    bridge.marketo.clientSecret,
    bridge.salesforce.clientSecret,
  ])
    t.notOk(log.includes(secret), 'no secret in the log')
})
