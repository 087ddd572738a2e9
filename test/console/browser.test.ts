import t from 'tap'
import { mark, postpone, PRIORITY } from '../../src/database/changes.ts'
import { park } from '../../src/database/parked.ts'
import { ADMIN_TOKEN } from '../fixtures/bridge.ts'
import { personId } from '../fixtures/persons.ts'
import { until } from '../fixtures/until.ts'
import { EMAIL, signIn, skip, startWorld } from './fixtures/browser-world.ts'
import { openBrowser, openPage, picture, violations } from './fixtures/browser.ts'

if (skip !== false) t.comment(skip)

/** A real browser on two busy cores; each of its waits has a deadline of its own. */
const TIMEOUT_MS = 110_000
t.setTimeout(TIMEOUT_MS)

t.test('admins in a real browser', { skip, timeout: TIMEOUT_MS }, async (t) => {
  const { bridge, lead } = await startWorld(t)
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

  await t.test('a mass removal that was stopped goes on at a click', async (t) => {
    const id = personId(8)
    await mark(bridge.db, [{ object: 'Lead', id, priority: PRIORITY.live }])
    await postpone(bridge.db, [{ id, afterMs: 600_000, code: 'removals-stopped', reason: 'it was stopped' }])
    const visit = await openPage(browser)
    const { page, faults } = visit
    await signIn(visit, bridge.url)
    await page.goto(`${bridge.url}/parked`)
    await page.getByRole('heading', { name: 'A mass removal was stopped' }).waitFor()
    await page.getByText('The records', { exact: true }).click()
    await page.getByRole('link', { name: id }).waitFor()
    t.same(await violations(page), [])
    await picture(page, 'console-removal')
    await page.getByRole('button', { name: 'Confirm the removal of 1 record' }).click()
    await page.getByText('The removal is confirmed').waitFor()
    t.same(faults, [])
    await visit.context.close()
    await bridge.db.deleteFrom('changes').where('id', '=', id).execute()
  })

  await t.test('a parked record is tried again at a click', async (t) => {
    const visit = await openPage(browser)
    const { page, faults } = visit
    await signIn(visit, bridge.url)
    await page.getByRole('link', { name: 'Parked', exact: true }).click()
    await page.getByRole('button', { name: `Retry ${personId(4, '003')}` }).click()
    await page.getByText('One record is queued again.').waitFor()
    await page.getByLabel('Object').selectOption('Lead')
    await page.getByLabel('Words').fill('E-MAIL')
    await page.getByRole('button', { name: 'Filter', exact: true }).click()
    await page.getByRole('link', { name: '3 Leads' }).waitFor()
    await page.getByRole('button', { name: /^Retry these/ }).click()
    await page.getByText('3 records are queued again.').waitFor()
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

  await t.test('a refusal of its live updates does not take the page away', async (t) => {
    const visit = await openPage(browser)
    const { page } = visit
    const refused: string[] = []
    await page.route('**/events', (route) => {
      refused.push(route.request().url())
      return route.fulfill({ status: 503, body: 'restarting' })
    })
    await signIn(visit, bridge.url)
    const visited: string[] = []
    page.on('framenavigated', (frame) => visited.push(frame.url()))
    await until('a second try', () => refused.length > 1 || visited.length > 0, 20_000)
    t.same(visited, [])
    await page.unroute('**/events')
    await park(bridge.db, [
      { object: 'User', id: '0055e00000AbCdEAAX', code: '1003', reason: 'r', advice: 'a', payload: null },
    ])
    await page.getByRole('link', { name: '1 parked User records' }).waitFor()
    await bridge.db.deleteFrom('parked').where('object', '=', 'User').execute()
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
    await page.getByRole('link', { name: 'Set-up', exact: true }).click()
    await page.getByText('Your session has ended. Sign in again.').waitFor()

    await page.route('**/events', (route) => route.fulfill({ status: 401, body: '{}' }))
    await signIn(visit, bridge.url)
    await visit.context.addCookies([{ name: 'session', value, url: bridge.url }])
    await page.getByText('Your session has ended. Sign in again.').waitFor()
    await visit.context.close()
  })
})
