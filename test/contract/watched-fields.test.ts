// A field that the service sends by default is watched by the triggers, and the simulator's triggers watch the same.
import t from 'tap'
import { DEFINITIONS } from '../../src/sync/objects/index.ts'
import { OBJECTS } from '../../src/salesforce/ids.ts'
import { read } from '../fixtures/repository.ts'
import { watchedFields } from '../simulators/salesforce/record-change.ts'

/** Set once, when the record is made; together with a field that is watched; or by Salesforce itself, without any trigger. */
const NEVER_ALONE = new Set(['CreatedDate', 'IsPersonAccount', 'PersonContactId', 'ConvertedContactId'])

const source = read('sfdx-project/force-app/main/changes-out/classes/WatchedFields.cls')
const builtIn = /BUILT_IN = [^{]*\{([^]*?)\n {4}\};/.exec(source)?.[1] ?? ''
const inApex = new Map(
  [...builtIn.matchAll(/'(\w+)' => new List<String>\{([^}]*)\}/g)].map(([, object, list]) => [
    object,
    [...list!.matchAll(/'(\w+)'/g)].map(([, field]) => field!),
  ]),
)
const sorted = (fields: Iterable<string>): string[] => [...new Set(fields)].sort()

for (const object of OBJECTS)
  t.test(`the watched fields of ${object}`, async (t) => {
    const { mapping, parents, reads } = DEFINITIONS[object]
    const sent = [...mapping.map(([field]) => field), ...parents.map(({ field }) => field), ...reads]
    const watched = inApex.get(object) ?? []
    t.strictSame(
      sorted(sent.filter((field) => !NEVER_ALONE.has(field) && !watched.includes(field))),
      [],
      'nothing that is sent is missed',
    )
    t.strictSame(
      sorted(watchedFields(object, [], []).filter((field) => !NEVER_ALONE.has(field) && !isPersonal(field))),
      sorted(watched),
      'the simulator watches the same',
    )

    /** An account's person half, which other names tell. */
    function isPersonal(field: string): boolean {
      return (
        object === 'Account' &&
        (field.startsWith('Person') || ['FirstName', 'LastName', 'Salutation', 'Fax'].includes(field))
      )
    }
  })
