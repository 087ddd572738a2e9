// `node test/contract/write.ts`: writes the files that hold the two halves to one contract, after a schema or a case has changed.
import { writeFileSync } from 'node:fs'
import { relative } from 'node:path'
import { contractFiles } from './files.ts'

for (const { path, content } of await contractFiles()) {
  writeFileSync(path, content)
  console.log(`wrote ${relative(process.cwd(), path)}`)
}
