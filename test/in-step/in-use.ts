// What Marketo refused to delete because it still uses it (1022): such companies and sales persons stay (rule 5). The instance
// alone can't tell: a sales person stays undeletable once a company of theirs was deleted (marketo-rest §3.1).
import type { CallLog } from '../simulators/marketo/index.ts'

export function everInUse(calls: CallLog): Set<string> {
  const found = new Set<string>()
  for (const { results = [], records = [] } of calls)
    for (const [nth, result] of results.entries())
      if (result.reasons?.some((reason) => reason.code === '1022')) {
        const { externalCompanyId, externalSalesPersonId } = records[nth] as Record<string, unknown>
        const id = externalCompanyId ?? externalSalesPersonId
        if (typeof id === 'string') found.add(id)
      }
  return found
}
