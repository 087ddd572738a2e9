import t from 'tap'
import { nameProblems } from '../../src/web/problems.ts'

const problem = (instancePath: string, message: string) => ({
  keyword: '',
  instancePath,
  schemaPath: '',
  params: {},
  message,
})

t.test('every problem is named, equal ones once with all their places', (t) => {
  const error = nameProblems(
    [
      problem('/ids/0', 'must be an id'),
      problem('/limit', 'must be a whole number'),
      problem('/ids/12', 'must be an id'),
      problem('/', 'the body must be a JSON object'),
    ],
    'body',
  )
  t.equal(
    error.message,
    'ids[0], ids[12] must be an id; limit must be a whole number; the body must be a JSON object.',
  )
  t.equal(
    nameProblems([problem('/code', 'is too long')], 'querystring').message,
    'In the query: code is too long.',
  )
  t.end()
})

t.test('a body that is nothing but problems gets an answer of bearable length', (t) => {
  const many = Array.from({ length: 200_000 }, (_, n) => problem(`/ids/${n}`, 'must be an id'))
  t.ok(nameProblems(many, 'body').message.length < 31_000)
  t.end()
})
