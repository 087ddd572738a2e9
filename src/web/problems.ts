// Turns what a schema found into one sentence that names every problem. Equal problems are told once, with all their places,
// so that two thousand bad ids are still readable.
import type { FastifySchemaValidationError } from 'fastify/types/schema.js'

/** A hostile body can have a megabyte of problems; the answer need not. */
const LONGEST = 30_000

export function nameProblems(errors: FastifySchemaValidationError[], where: string): Error {
  const places = new Map<string, string[]>()
  for (const { instancePath, message = 'is not valid' } of errors) {
    const known = places.get(message)
    if (known === undefined) places.set(message, [placeOf(instancePath)])
    else known.push(placeOf(instancePath))
  }
  const problems = [...places].map(([message, paths]) =>
    [paths.filter((path) => path !== '').join(', '), message].filter((part) => part !== '').join(' '),
  )
  const text = `${where === 'body' ? '' : `In the ${WHERE[where] ?? where}: `}${problems.join('; ')}`
  return new Error(text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : `${text}.`)
}

const WHERE: Record<string, string> = { querystring: 'query', params: 'address' }

/** /ids/3 → ids[3] */
function placeOf(pointer: string): string {
  const parts = pointer.split('/').filter((part) => part !== '')
  return parts.reduce((path, part) => {
    if (/^\d+$/.test(part)) return `${path}[${part}]`
    return path === '' ? part : `${path}.${part}`
  }, '')
}
