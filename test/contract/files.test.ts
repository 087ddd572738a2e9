import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import t from 'tap'
import { contractFiles } from './files.ts'

t.test('the files of the contract are those that the schemas and cases make', async (t) => {
  for (const { path, content } of await contractFiles())
    t.ok(
      readFileSync(path, 'utf8') === content,
      `${basename(path)} is of today; if not: node test/contract/write.ts`,
    )
})
