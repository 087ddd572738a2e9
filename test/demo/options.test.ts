import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { readOptions } from './options.ts'

t.test('without flags an organisation is made up and lives on port 3000', (t) => {
  t.strictSame(readOptions([]), {
    options: {
      once: false,
      json: false,
      callsPer20Seconds: 50,
      concurrency: 5,
      matchByEmail: true,
      port: 3000,
      seed: 1,
    },
  })
  t.end()
})

t.test('every flag is taken', (t) => {
  const args =
    '--data . --once --json --calls 100 --concurrency 10 --match-by-email false --database-url postgres://p@127.0.0.1:5432 --port 0 --seed 7'
  const folder = exportFolder(t, 'Lead.csv')
  t.strictSame(readOptions(args.replace('.', folder).split(' ')), {
    options: {
      data: folder,
      once: true,
      json: true,
      callsPer20Seconds: 100,
      concurrency: 10,
      matchByEmail: false,
      databaseUrl: 'postgres://p@127.0.0.1:5432',
      port: 0,
      seed: 7,
    },
  })
  t.strictSame(readOptions(['--help']), { help: true })
  t.end()
})

t.test('every mistake is a sentence', (t) => {
  const empty = exportFolder(t)
  const wrong: [args: string[], sentence: RegExp][] = [
    [['--speed', '9'], /Unknown option '--speed'/],
    [['fast'], /Unexpected argument 'fast'/],
    [['--calls', 'many'], /^--calls takes a whole number from 1 to \d+, not "many"$/],
    [['--calls', '0'], /--calls takes/],
    [['--concurrency', '1.5'], /--concurrency takes/],
    [['--port', '65536'], /--port takes a whole number from 0 to 65535/],
    [['--match-by-email', 'perhaps'], /--match-by-email takes true or false/],
    [['--data', join(empty, 'nowhere')], /there is no folder .*nowhere/],
    [['--data', empty], /has none of User\.csv/],
    [['--json'], /--json goes with --once/],
    [['--database-url', 'mysql://x'], /--database-url takes an address/],
  ]
  for (const [args, sentence] of wrong) t.match(readOptions(args), { problem: sentence }, args.join(' '))
  t.end()
})

function exportFolder(t: { teardown: (fn: () => void) => void }, ...files: string[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'demo-options-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  for (const file of files) writeFileSync(join(folder, file), 'Id\n')
  return folder
}
