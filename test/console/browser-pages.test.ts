import t from 'tap'
import { ADMIN_TOKEN, WEBHOOK_SECRET } from '../fixtures/bridge.ts'
import { personId } from '../fixtures/persons.ts'
import { mapLeads, signIn, skip, startWorld } from './fixtures/browser-world.ts'
import { DESK, openBrowser, openPage, overhang, PHONE, picture, violations } from './fixtures/browser.ts'

if (skip !== false) t.comment(skip)

/** A real browser on two busy cores; each of its waits has a deadline of its own. */
const TIMEOUT_MS = 110_000
t.setTimeout(TIMEOUT_MS)

t.test('every page in a real browser', { skip, timeout: TIMEOUT_MS }, async (t) => {
  const { bridge, lead } = await startWorld(t)
  const browser = await openBrowser(t)

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
        if (name === 'settings')
          await mapLeads(bridge, [
            ['CreatedDate', 'dateOfBirth'],
            ['Nickname__c', 'firstName'],
          ])
        if (name === 'nothing') await mapLeads(bridge, [])
        await page.goto(bridge.url + path)
        await page.locator('main h1').first().waitFor({ state: 'attached' })
        if (name === 'home') await page.locator('.chart canvas').first().waitFor()
        await picture(page, viewport === DESK ? `console-${name}` : `console-${name}-phone`)
        for (const folded of await page.locator('summary').all()) await folded.click()
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
      }
      t.same(faults, [])
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
