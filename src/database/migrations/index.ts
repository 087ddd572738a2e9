// The migrations in order. A static list instead of a folder read at run time: nothing to find, nothing to miss.
import type { Migration } from 'kysely/migration'
import * as initial from './0001-initial.ts'
import * as console from './0002-console.ts'
import * as removals from './0003-removals.ts'
import * as lostPersons from './0004-lost-persons.ts'
import * as roleKeysInAnyCase from './0005-role-keys-in-any-case.ts'

export const migrations: Record<string, Migration> = {
  '0001-initial': initial,
  '0002-console': console,
  '0003-removals': removals,
  '0004-lost-persons': lostPersons,
  '0005-role-keys-in-any-case': roleKeysInAnyCase,
}
