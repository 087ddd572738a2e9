// node-marketo-rest 0.7.8 sending leads, as a process of its own: prints one line of JSON.
// node peers/marketo-rest.ts <url> <client id> <secret> <leads> <records a call> <calls at once>
import { createRequire } from 'node:module'
import { emailOf } from '../rows.ts'

interface Client {
  lead: {
    createOrUpdate: (leads: object[], options: object) => PromiseLike<unknown>
  }
}
type ClientClass = new (options: {
  endpoint: string
  identity: string
  clientId: string
  clientSecret: string
}) => Client

const Marketo = createRequire(import.meta.url)('node-marketo-rest') as ClientClass
const [url = '', clientId = '', clientSecret = '', ...numbers] = process.argv.slice(2)
const [leads = 0, aCall = 300, atOnce = 5] = numbers.map(Number)
const client = new Marketo({ endpoint: `${url}/rest`, identity: `${url}/identity`, clientId, clientSecret })

let next = 0
async function work(): Promise<void> {
  while (next < leads) {
    const from = next
    const count = Math.min(aCall, leads - from)
    next += count
    const batch = Array.from({ length: count }, (_, n) => ({
      email: emailOf(from + n),
      firstName: `First${(from + n) % 977}`,
      lastName: `Last${from + n}`,
      phone: `+1 555 ${from + n}`,
      title: 'Head of Purchasing',
      city: 'Springfield',
      country: 'United States',
      leadSource: 'Web',
    }))
    // What it gave up on is counted where it is missing, in Marketo.
    await client.lead.createOrUpdate(batch, { lookupField: 'email' }).then(undefined, () => undefined)
  }
}

await Promise.all(Array.from({ length: atOnce }, () => work()))
process.stdout.write(`${JSON.stringify({ peakMb: process.resourceUsage().maxRSS / 1024 })}\n`)
process.exit(0)
