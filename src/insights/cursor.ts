// Where a client is in its walk over the changes. Opaque to it: database, position, and the highest number when the walk began,
// so that a walk ends however fast values change meanwhile.
import { z } from 'zod'

export interface Cursor {
  database: string
  /** Everything numbered up to here has been given. */
  position: number
  /** The walk goes up to here; what changes meanwhile has higher numbers and belongs to the next walk. */
  highest: number
}

const number = z.number().int().nonnegative()
const content = z.tuple([z.string(), number, number])

export function encodeCursor({ database, position, highest }: Cursor): string {
  return Buffer.from(JSON.stringify([database, position, highest])).toString('base64url')
}

/** Undefined for what no encodeCursor made. */
export function decodeCursor(text: string): Cursor | undefined {
  try {
    const read = content.safeParse(JSON.parse(Buffer.from(text, 'base64url').toString()))
    if (!read.success) return undefined
    const [database, position, highest] = read.data
    return position <= highest ? { database, position, highest } : undefined
  } catch {
    return undefined
  }
}
