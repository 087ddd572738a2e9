// The README is kept true: what it names exists, what it shows to type is run by CI or a test, and its table is the one of src/variables.ts.
import { readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import t from 'tap'
import { visit } from './console/fixtures/pages.ts'
import { databaseKinds } from './fixtures/databases.ts'
import { exists, read, scripts } from './fixtures/repository.ts'
import { variables } from './fixtures/variables.ts'
import { startWeb } from './fixtures/web.ts'

const readme = read('README.md')

/** Every command that a reader is shown, and where it is run. */
const COMMANDS: Record<string, { by: string; as: RegExp }> = {
  'npm ci': { by: '.ci/run', as: /^step .* npm ci\b/m },
  'npm run demo': { by: '.ci/run', as: /^ +timeout \d+ npm run demo -- --once --json/m },
  'npm test': { by: '.ci/run', as: /^ +npm test -- /m },
  'npm run migrate': { by: 'test/main.test.ts', as: /'npm', \['run', 'migrate'\]/ },
  'npm start': { by: 'test/main.test.ts', as: /'npm', \['start'\]/ },
}

t.test('the chapters are in the order in which a stranger needs them', async (t) => {
  t.strictSame(
    [...readme.matchAll(/^#+ (.*)$/gm)].map(([, title]) => title),
    [
      'Sales Insight Bridge',
      'See it work',
      'Read it in this order',
      'Deploy in 15 minutes',
      'Configuration',
      'The webhook and the API',
      'When something is wrong',
      'Upgrade, roll back, move off Heroku',
      'Working on it',
    ],
  )
})

t.test('every relative link and every path in the text exists', async (t) => {
  const links = [...readme.matchAll(/\]\((?!https:)([^)#]+)(?:#[^)]*)?\)/g)].map(([, path]) => path!)
  const paths = [...readme.matchAll(/`((?:src|test|docs|sfdx-project|\.ci)\/[^`\s]*)`/g)].map(
    ([, path]) => path!,
  )
  t.ok(links.length > 20 && paths.length > 5)
  for (const path of [...links, ...paths]) t.ok(exists(path), path)
})

t.test('the tests that hold a defence, and every other path in the documents, exist', async (t) => {
  for (const document of ['CONTRIBUTING.md', 'SECURITY.md', 'docs/operations.md']) {
    const paths = [...read(document).matchAll(/`(?:npx tap )?((?:src|test|docs)\/[^`\s]*)`/g)]
    for (const [, path] of paths) t.ok(exists(path!), `${document}: ${path}`)
  }
  t.ok([...read('SECURITY.md').matchAll(/`test\/\S+\.test\.ts`/g)].length > 30)
})

t.test('every page of the console that is named as a cure is one', async (t) => {
  const chapter = readme.split('\n## When something is wrong\n')[1]!.split('\n## ')[0]!
  const named = [...chapter.matchAll(/`(\/[a-z]*)(?=[`/?])/g)].map(([, path]) => path!)
  t.ok(new Set(named).size >= 5)
  const { db } = await (await databaseKinds()).at(-1)!.create(t)
  const visitor = visit((await startWeb(t, db)).url)
  await visitor.signIn()
  for (const path of new Set(named)) t.equal((await visitor.get(path)).status, 200, path)
})

t.test('the other READMEs link to what exists, too', async (t) => {
  const others = readdirSync(join(import.meta.dirname, 'simulators')).map(
    (vendor) => `test/simulators/${vendor}/README.md`,
  )
  const documents = ['CONTRIBUTING.md', 'SECURITY.md', 'docs/operations.md', 'sfdx-project/README.md']
  for (const path of [...documents, ...others])
    for (const [, link] of read(path).matchAll(/\]\((?!https:)([^)#]+)(?:#[^)]*)?\)/g))
      t.ok(exists(join(dirname(path), link!)), `${path}: ${link}`)
})

t.test('every npm script that is named exists', async (t) => {
  const named = [...readme.matchAll(/npm run ([\w:-]+)/g)].map(([, script]) => script!)
  t.ok(named.length >= 5)
  for (const script of [...named, 'start', 'test']) t.type(scripts[script], 'string', script)
})

t.test('every command that is shown is run by CI or by a test', async (t) => {
  const shown = [...readme.matchAll(/```sh\n([\s\S]*?)```/g)]
    .flatMap(([, block]) => block!.trimEnd().split('\n'))
    .flatMap((line) => line.split(' && '))
  t.strictSame([...new Set(shown)].toSorted(), Object.keys(COMMANDS).toSorted())
  for (const command of shown) t.match(read(COMMANDS[command]!.by), COMMANDS[command]!.as, command)
})

t.test('the table of variables is the one of src/variables.ts', async (t) => {
  const chapter = readme.split('\n## Configuration\n')[1]!.split('\n## ')[0]!
  const rows = [...chapter.matchAll(/^\| (`.*) \|$/gm)].map(([, row]) =>
    row!.split(/ +\| +/).map((cell) => cell.trim()),
  )
  t.strictSame(
    rows,
    variables
      .filter(({ name }) => name !== 'DYNO')
      .map(({ name, required, standard, description }) => [
        `\`${name}\``,
        required ? 'required' : standard === undefined ? '–' : `\`${standard}\``,
        description,
      ]),
  )
})

t.test(
  'every address of the service that is named is in its OpenAPI description, and the other way round',
  async (t) => {
    // PostgreSQL where there is one: it starts faster than the embedded database.
    const kind = (await databaseKinds()).at(-1)
    const web = await startWeb(t, (await kind!.create(t)).db)
    const { paths } = (await web.request('/docs/json')).body as unknown as { paths: Record<string, object> }
    const named = [
      ...readme.matchAll(/`(?:GET |POST )?(\/(?:api|webhooks|health)\/[^`?]*)(?:\?[^`]*)?`/g),
    ].map(([, path]) => path!)
    t.strictSame([...new Set(named)].toSorted(), Object.keys(paths).toSorted())
  },
)
