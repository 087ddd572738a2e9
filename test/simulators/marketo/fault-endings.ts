// How a fault ends a call: instead of the work, after it, or long before it.
import { failure } from './answer.ts'
import type { Answer } from './answer.ts'
import type { Ending } from './faults.ts'

export interface Reply {
  answer?: Answer
  /** The connection is destroyed instead of an answer. */
  drop?: boolean
  /** The body is cut in the middle. */
  truncated?: boolean
}

export interface Work {
  /** Does what the call asks for. */
  run: () => Answer
  /** Gives the call's keys back, where the work is never done. */
  abandon: () => void
  /** Does it later, whoever is still there. */
  runIn: (seconds: number, spread: boolean) => void
}

const MAINTENANCE = '<!DOCTYPE html><html><body><h1>Down for maintenance</h1></body></html>'

export const html = (status: number, body: string): Answer => ({ status, body, contentType: 'text/html' })

export function endCall(fault: Ending, work: Work): Reply {
  const runOrAbandon = (executes: boolean | undefined) => {
    if (executes) work.run()
    else work.abandon()
  }
  switch (fault.kind) {
    case 'truncated':
      return { answer: work.run(), truncated: true }
    case 'drop':
      runOrAbandon(fault.when === 'after')
      return { drop: true }
    case 'html':
      runOrAbandon(fault.executes)
      return { answer: html(200, MAINTENANCE) }
    case 'http': {
      runOrAbandon(fault.executes)
      const answer = html(fault.status, fault.body ?? `<html><h1>${fault.status}</h1></html>`)
      return { answer: fault.contentType ? { ...answer, contentType: fault.contentType } : answer }
    }
    case 'late':
      work.runIn(fault.seconds, fault.spread ?? false)
      if (fault.answer === 'drop') return { drop: true }
      if (fault.answer === '202') return { answer: html(202, '') }
      if (fault.answer === '504') return { answer: html(504, '<html><h1>504 Gateway Time-out</h1></html>') }
      return { answer: failure(fault.answer) }
    default:
      work.abandon()
      return { answer: failure(fault.code, fault.message) }
  }
}
