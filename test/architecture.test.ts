import { globSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import t from 'tap'

const root = join(import.meta.dirname, '..')

interface Import {
  from: string
  /** Types only: nothing is run. */
  type: boolean
}

interface Source {
  /** 'sync/plan.ts' below src. */
  path: string
  /** The first folder; '' for what lies at the top. */
  part: string
  code: string
  imports: Import[]
}

/** Code without comments: what is said about a rule doesn't break it. Texts stay. */
function withoutComments(text: string): string {
  return text.replace(
    /("(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`)|\/\/[^\n]*|\/\*[^]*?\*\//g,
    '$1',
  )
}

function importsOf(code: string): Import[] {
  const found = [
    ...code.matchAll(/(?:^|\n)\s*(?:import|export)\s+(type\s+)?([^'"`;]*?\bfrom\s+)?['"]([^'"]+)['"]/g),
  ]
  const later = [...code.matchAll(/\bimport\(\s*['"]([^'"]+)['"]\s*\)/g)]
  return [
    ...found.map(([, type, names, from]) => ({ from: from!, type: type !== undefined || onlyTypes(names) })),
    ...later.map(([, from]) => ({ from: from!, type: false })),
  ]
}

/** `{ type A, type B }` */
function onlyTypes(names: string | undefined): boolean {
  const list = names?.match(/^\s*\{([^}]*)\}/)?.[1]
  return (
    list !== undefined &&
    list.split(',').every((name) => name.trim() === '' || name.trim().startsWith('type '))
  )
}

function sourcesIn(folder: string): Source[] {
  return globSync('**/*.ts', { cwd: join(root, folder) }).map((path) => {
    const code = withoutComments(readFileSync(join(root, folder, path), 'utf8'))
    return {
      path,
      part: path.includes('/') ? path.slice(0, path.indexOf('/')) : '',
      code,
      imports: importsOf(code),
    }
  })
}

const sources = sourcesIn('src')
const SYSTEMS = ['marketo', 'salesforce', 'database']
const FLOWS = ['sync', 'insights', 'console']
/** The web server's own parts, which every flow's routes are made with. */
const WEB = 'web'

/** What a file imports of ours, as paths below src. */
const oursOf = (source: Source): { target: string; part: string; type: boolean }[] =>
  source.imports
    .filter(({ from }) => from.startsWith('.'))
    .map(({ from, type }) => {
      const target = normalize(join(dirname(source.path), from))
      return { target, part: target.includes('/') ? target.slice(0, target.indexOf('/')) : '', type }
    })

/** Every breach as 'file → what'. */
function breaches(where: (source: Source) => boolean, of: (source: Source) => string[]): string[] {
  return sources.filter(where).flatMap((source) => of(source).map((what) => `${source.path} → ${what}`))
}

t.test('the rules look at every folder, and see imports of every form', async (t) => {
  t.strictSame(
    [...new Set(sources.map(({ part }) => part))].sort((a, b) => a.localeCompare(b)),
    ['', ...SYSTEMS, ...FLOWS, WEB].sort((a, b) => a.localeCompare(b)),
  )
  const code = `import { a } from './a.ts'\nimport type { B } from './b.ts'\nimport {\n  type C,\n  type D,\n} from './c.ts'
import './d.ts'\nimport * as e from './e.ts'\nexport { f } from './f.ts'\nconst g = await import('./g.ts')\n// import './no.ts'`
  t.strictSame(
    importsOf(withoutComments(code)).map(({ from, type }) => [from, type]),
    [
      ['./a.ts', false],
      ['./b.ts', true],
      ['./c.ts', true],
      ['./d.ts', false],
      ['./e.ts', false],
      ['./f.ts', false],
      ['./g.ts', false],
    ],
  )
})

t.test('systems use none of ours but errors, log and config types', async (t) => {
  const allowed = (part: string, target: string, type: boolean): boolean =>
    part === '' && (['errors.ts', 'log.ts'].includes(target) || (target === 'config.ts' && type))
  t.strictSame(
    breaches(
      ({ part }) => SYSTEMS.includes(part),
      (source) =>
        oursOf(source)
          .filter(({ part, target, type }) => part !== source.part && !allowed(part, target, type))
          .map(({ target }) => target),
    ),
    [],
  )
})

t.test('flows do not use what starts them, and sync and insights do not know each other', async (t) => {
  const entries = [
    'main.ts',
    'migrate.ts',
    'doctor.ts',
    'app.ts',
    'service.ts',
    'flows.ts',
    'term.ts',
    'leadership.ts',
  ]
  const forbidden: Record<string, string[]> = {
    sync: ['insights', 'console', WEB],
    insights: ['sync', 'console'],
    console: [],
    [WEB]: [...FLOWS, 'marketo', 'salesforce'],
  }
  t.strictSame(
    breaches(
      ({ part }) => part in forbidden,
      (source) =>
        oursOf(source)
          .filter(({ part, target }) => entries.includes(target) || forbidden[source.part]!.includes(part))
          .map(({ target }) => target),
    ),
    [],
  )
})

t.test('plan and objects decide without I/O', async (t) => {
  const pure = (path: string): boolean => path === 'sync/plan.ts' || path.startsWith('sync/objects/')
  /** Pure files of ours, which plan.ts may run. */
  const helpful = ['hashes', 'values', 'mapping', 'losses', 'object-settings', 'role-key'].map(
    (name) => `sync/${name}.ts`,
  )
  helpful.push('salesforce/ids.ts')
  t.strictSame(
    breaches(
      ({ path }) => pure(path) || helpful.includes(path),
      (source) => [
        ...oursOf(source)
          .filter(({ target, type }) => !type && !pure(target) && !helpful.includes(target))
          .map(({ target }) => target),
        ...source.imports
          .filter(({ from, type }) => !type && !from.startsWith('.') && from !== 'node:crypto')
          .map(({ from }) => from),
        ...(source.code.match(/\b(await|async|fetch|setTimeout|Date\.now|Math\.random|process)\b/g) ?? []),
      ],
    ),
    [],
  )
})

t.test('only config.ts reads the environment', async (t) => {
  t.strictSame(
    breaches(
      ({ path }) => path !== 'config.ts',
      ({ code }) => code.match(/\bprocess\s*\.\s*env\b|\bfrom 'node:process'/g) ?? [],
    ),
    [],
  )
})

t.test('only database/ holds SQL', async (t) => {
  const drivers = ['kysely', 'pg', '@electric-sql/pglite']
  t.strictSame(
    breaches(
      ({ part }) => part !== 'database',
      ({ imports, code }) => [
        ...imports
          .filter(
            ({ from, type }) =>
              !type && drivers.some((driver) => from === driver || from.startsWith(`${driver}/`)),
          )
          .map(({ from }) => from),
        ...(code.match(/\.(selectFrom|insertInto|updateTable|deleteFrom)\(/g) ?? []),
        ...(code.match(/\bsql`/g) ?? []),
        // Lower case as in database/; SOQL is written in capitals.
        ...(code.match(/\b(select\s[^'"`]*\sfrom|insert into|delete from|truncate|alter table)\s/g) ?? []),
      ],
    ),
    [],
  )
})

t.test('values reach SQL as parameters only', async (t) => {
  // The ways of kysely to write text into a statement; constants may go them, and migrations hold nothing else.
  const raw = /\bsql\.(?:raw|lit|id|ref|table|join)\((?![A-Z_]+\))[^)]*\)/g
  t.equal('sql.raw(`select ${name}`)'.match(raw)?.length, 1)
  t.equal('sql.lit(QUOTED)'.match(raw), null)
  t.strictSame(
    breaches(
      ({ path }) => !path.startsWith('database/migrations/'),
      ({ code }) => code.match(raw) ?? [],
    ),
    // The names of its own list of tables.
    ['sql.table(table)', 'sql.table(table)'].map((found) => `database/maintenance.ts → ${found}`),
  )
})

t.test('only marketo/ knows a code of Marketo', async (t) => {
  // 6xx, 7xx and 10xx, as texts: that is how Marketo sends them. Pauses are named for theirs in marketo/pacing.
  t.strictSame(
    breaches(
      ({ part }) => part !== 'marketo',
      ({ code }) => code.match(/(['"])(6\d\d|7\d\d|10\d\d|11\d\d)\1/g) ?? [],
    ),
    [],
  )
})

t.test('the simulators are written from the vendors’ documents, not from our code', async (t) => {
  const simulators = sourcesIn('test/simulators')
  t.ok(simulators.length > 50)
  t.strictSame(
    simulators.flatMap(({ path, imports }) =>
      imports
        .map(({ from }) => normalize(join('test/simulators', dirname(path), from)))
        .filter((target) => target.startsWith('src/') || target.includes('/src/'))
        // Tests of the simulators may prove them with the real clients.
        .filter(() => !path.endsWith('.test.ts'))
        .map((target) => `${path} → ${target}`),
    ),
    [],
  )
})

t.test('nobody imports what isn’t there, or its own test', async (t) => {
  const paths = new Set(sources.map(({ path }) => path))
  t.strictSame(
    breaches(
      () => true,
      (source) =>
        oursOf(source)
          .filter(({ target }) => !paths.has(target))
          .map(({ target }) => target),
    ),
    [],
  )
})

t.test('no file is too long to be read in one go', async (t) => {
  const long = globSync('{src,test}/**/*.ts', { cwd: root })
    .map((path) => [path, readFileSync(join(root, path), 'utf8').trimEnd().split('\n').length] as const)
    .filter(([path, lines]) => path.startsWith('src/') && lines > 300)
  t.strictSame(long, [])
})
