// What Marketo said of the records of a call, by its documents: taken, refused, or neither.
import type { LoggedCall } from '../simulators/marketo/index.ts'

/** Perhaps: the service repeats it for as long as a race explains it. */
export type Answer = 'taken' | 'not there' | 'refused' | 'perhaps refused' | 'neither'

const TAKEN = new Set(['created', 'updated', 'deleted'])
/** What the record is to blame for. A field that is required (1002) says of a change of some fields that the record is gone. */
const REFUSED = new Set(['1001', '1003', '1006', '1007', '1008', '1021', '1077'])
const PERHAPS_REFUSED = new Set(['1002', '1005', '1014', '1017', '1036'])
/** Of a whole call, which is halved until one record is alone in it. */
const CALL_REFUSED = new Set([...REFUSED, '701', '704', '709', '712', '714', '1076', '1079', 'HTTP 413'])

/** As a gateway says it to everybody: nobody is to blame as long as nothing else was let through. */
const CALL_PERHAPS_REFUSED = new Set(['609', 'HTTP 400'])

export function answersOf(call: LoggedCall): Answer[] {
  if (isRefused(call)) {
    if (call.recordCount !== 1 && !isMerge(call)) return []
    return [isAnyOf(call, CALL_PERHAPS_REFUSED) ? 'perhaps refused' : 'refused']
  }
  if (call.fault !== undefined) return []
  return (call.results ?? []).map(({ status, reasons }): Answer => {
    if (TAKEN.has(status)) return 'taken'
    const code = reasons?.[0]?.code ?? ''
    if (REFUSED.has(code)) return 'refused'
    if (PERHAPS_REFUSED.has(code)) return 'perhaps refused'
    return call.action === 'delete' && code === '1013' ? 'not there' : 'neither'
  })
}

export const isMerge = ({ endpoint }: LoggedCall): boolean => endpoint === 'leads/{id}/merge.json'

/** As a whole. */
export function isRefused(call: LoggedCall): boolean {
  if (call.results !== undefined) return false
  return isAnyOf(call, CALL_REFUSED) || isAnyOf(call, CALL_PERHAPS_REFUSED)
}

const isAnyOf = ({ status, codes }: LoggedCall, some: ReadonlySet<string>): boolean =>
  [...codes, `HTTP ${status}`].some((code) => some.has(code))
