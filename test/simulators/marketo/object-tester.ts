// A Marketo with one of each object, for the tests of the calls that four objects share.
import { codeOf, outcomes, startTester } from './tester.ts'
import type { MarketoOptions } from './index.ts'

export const OWNER = '0055e000001AbCdAAK'
export const COMPANY = '0015e000001AbCdAAK'
export const DEAL = '0065e000001AbCdAAK'

/** A sales person, a company, a lead and an opportunity, and the calls to work on them. */
export async function startWithObjects(t: Parameters<typeof startTester>[0], options: MarketoOptions = {}) {
  const tester = await startTester(t, options)
  const { post, marketo } = tester
  const sync = async (object: string, input: unknown[], more: Record<string, unknown> = {}) =>
    post(`${object}.json`, { input, ...more })
  const one = async (object: string, record: unknown, more: Record<string, unknown> = {}) => {
    const answer = await sync(object, [record], more)
    return outcomes(answer)?.[0] ?? codeOf(answer)
  }
  const remove = async (object: string, record: unknown, more: Record<string, unknown> = {}) =>
    outcomes(await post(`${object}/delete.json`, { input: [record], ...more }))?.[0]
  if (!options.nativeSync) {
    await sync('salespersons', [{ externalSalesPersonId: OWNER, email: 'ann@example.com' }])
    await sync('companies', [{ externalCompanyId: COMPANY, company: 'Acme' }])
    await sync('opportunities', [{ externalOpportunityId: DEAL, name: 'Deal' }])
  }
  const leadId = marketo.instance.createLead({ email: 'a@b.example' }).id
  return { ...tester, sync, one, remove, leadId }
}
