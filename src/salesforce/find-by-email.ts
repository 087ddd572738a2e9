// Which persons and users have an e-mail address, as far as the integration user may see them.
import type { Salesforce } from './connect.ts'
import { toId18, type ObjectName } from './ids.ts'

export interface FoundByEmail {
  id: string
  object: ObjectName
  name: string
}

const PERSONS = ['Lead', 'Contact', 'User'] as const
/** Of each object: more people with one address than anybody looks through. */
const MOST = 20

export async function findByEmail(
  salesforce: Pick<Salesforce, 'query'>,
  email: string,
  signal: AbortSignal,
): Promise<FoundByEmail[]> {
  const text = email.replaceAll('\\', '\\\\').replaceAll("'", "\\'")
  const pages = await Promise.all(
    PERSONS.map(async (object) => {
      const condition = object === 'Lead' ? ' AND IsConverted = false' : ''
      const soql = `SELECT Id, Name FROM ${object} WHERE Email = '${text}'${condition} LIMIT ${MOST}`
      const { records } = await salesforce.query<{ Id: string; Name?: unknown }>(soql, { signal })
      return records.flatMap(({ Id, Name }): FoundByEmail[] => {
        const id = toId18(Id)
        return id === undefined ? [] : [{ id, object, name: typeof Name === 'string' ? Name : id }]
      })
    }),
  )
  return pages.flat()
}
