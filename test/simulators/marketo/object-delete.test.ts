import t from 'tap'
import { COMPANY, DEAL, OWNER, startWithObjects } from './object-tester.ts'
import { codeOf } from './tester.ts'

t.test('deletes by key or id; what is gone is 1013', async (t) => {
  const { remove, post, sync, marketo, leadId } = await startWithObjects(t)
  t.equal(await remove('companies', { externalCompanyId: COMPANY }), 'deleted')
  t.equal(await remove('companies', { externalCompanyId: COMPANY }), '1013')
  const { id } = marketo.instance.findSalesPerson(OWNER)!
  t.equal(await remove('salespersons', { id }, { deleteBy: 'idField' }), 'deleted')
  t.equal(await remove('salespersons', {}), '1002')
  t.equal(await remove('salespersons', { colour: 1 }), '1006')
  t.equal(codeOf(await post('salespersons/delete.json', { input: [{ id }], deleteBy: 'email' })), '1003')
  const role = { externalOpportunityId: DEAL, leadId, role: 'Buyer' }
  await sync('opportunities/roles', [role])
  t.equal(await remove('opportunities/roles', role), 'deleted')
  t.equal(marketo.instance.roles.size, 0)
})

t.test('what is in use stays, with 1022', async (t) => {
  const { remove, sync, marketo, leadId } = await startWithObjects(t)
  const { editLead } = marketo.instance
  editLead(leadId, { externalSalesPersonId: OWNER, externalCompanyId: COMPANY })
  t.equal(await remove('salespersons', { externalSalesPersonId: OWNER }), '1022')
  t.equal(await remove('companies', { externalCompanyId: COMPANY }), '1022')
  const role = { externalOpportunityId: DEAL, leadId, role: 'Buyer' }
  await sync('opportunities/roles', [role])
  t.equal(await remove('opportunities', { externalOpportunityId: DEAL }), '1022')
  await remove('opportunities/roles', role)
  t.equal(await remove('opportunities', { externalOpportunityId: DEAL }), 'deleted')
  marketo.instance.deleteLead(leadId)
  t.equal(await remove('companies', { externalCompanyId: COMPANY }), 'deleted')
  t.equal(await remove('salespersons', { externalSalesPersonId: OWNER }), 'deleted')
})

t.test('the sales person of a deleted company can not be deleted', async (t) => {
  const { remove, one } = await startWithObjects(t)
  await one('companies', { externalCompanyId: COMPANY, externalSalesPersonId: OWNER })
  await remove('companies', { externalCompanyId: COMPANY })
  t.equal(await remove('salespersons', { externalSalesPersonId: OWNER }), '1022')
})
