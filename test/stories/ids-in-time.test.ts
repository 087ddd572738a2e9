// A router in front cuts at 30 s: whoever asks for persons by id has an answer before, whatever Marketo does (design §6).
import { WEBHOOK_SECRET } from '../fixtures/bridge.ts'
import { storyTeller } from './fixtures/story.ts'

const { story } = await storyTeller()

story(
  'Persons that a hanging Marketo does not give are answered with the reason within 25 s',
  {},
  async (t, { ids, marketo, url }) => {
    marketo.faults.add({ kind: 'slow', ms: 60_000, match: { endpoint: 'leads.json' } })
    const startedAt = performance.now()
    const response = await fetch(`${url}/webhooks/insights`, {
      method: 'POST',
      headers: { authorization: `Bearer ${WEBHOOK_SECRET}`, 'content-type': 'application/json' },
      body: JSON.stringify({ ids: [ids.lena, ids.carl] }),
    })
    const body: unknown = await response.json()
    const seconds = (performance.now() - startedAt) / 1_000
    t.ok(seconds > 20 && seconds <= 25, `${seconds} s`)
    t.equal(response.status, 503)
    t.ok(Number(response.headers.get('retry-after')) > 0)
    t.match(body, { message: /Marketo/ })
  },
)
