import * as fc from 'fast-check'
import t from 'tap'
import { createMessageSplitter, type Element } from '../../src/salesforce/message-splitter.ts'

function split(
  chunks: string[],
  maxElement?: number,
): { elements: Element[]; whole: boolean; foreign: boolean } {
  const splitter = createMessageSplitter(maxElement)
  const elements = chunks.flatMap((chunk) => splitter.push(chunk))
  return { elements, whole: splitter.whole(), foreign: splitter.foreign() }
}

t.test('an array comes apart into its elements, however it is cut into pieces', async (t) => {
  fc.assert(
    fc.property(
      fc.array(fc.jsonValue(), { maxLength: 8 }),
      fc.array(fc.nat(400), { maxLength: 6 }),
      fc.nat(3),
      (values, cuts, indent) => {
        const text = ` ${JSON.stringify(values, null, indent)} `
        const edges = [0, ...cuts.map((cut) => cut % text.length).sort((a, b) => a - b), text.length]
        const chunks = edges.slice(1).map((end, i) => text.slice(edges[i], end))
        const { elements, whole } = split(chunks)
        t.ok(whole)
        t.same(
          elements.map((element) => JSON.parse(element.text) as unknown),
          values,
        )
      },
    ),
    { numRuns: 300 },
  )
})

t.test('a single object counts as one element', async (t) => {
  t.same(split(['{"a":', '"}]"}']), {
    elements: [{ text: '{"a":"}]"}', oversized: false }],
    whole: true,
    foreign: false,
  })
})

t.test('what came before a broken end is there, and the end is told', async (t) => {
  const { elements, whole } = split(['[{"a":1},{"b":2},{"c"'])
  t.same(
    elements.map(({ text }) => text),
    ['{"a":1}', '{"b":2}'],
  )
  t.notOk(whole)
})

t.test('a web page is foreign, nothing is neither whole nor foreign', async (t) => {
  t.match(split(['<html>[1]</html>']), { elements: [], whole: false, foreign: true })
  t.match(split(['', '  ']), { elements: [], whole: false, foreign: false })
  t.match(split(['[]']), { elements: [], whole: true, foreign: false })
})

t.test(
  'an element that is too long keeps its beginning and its end, and the next one is whole',
  async (t) => {
    const long = `{"channel":"/event/X__e","data":{"payload":"${'x'.repeat(200_000)}","event":{"replayId":7}}}`
    const text = `[${long},{"a":1}]`
    const chunks = Array.from({ length: Math.ceil(text.length / 1_000) }, (_, i) =>
      text.slice(i * 1_000, (i + 1) * 1_000),
    )
    const { elements, whole } = split(chunks, 100_000)
    t.ok(whole)
    t.equal(elements.length, 2)
    t.ok(elements[0]!.oversized)
    t.ok(elements[0]!.text.length < 40_000)
    t.ok(elements[0]!.text.startsWith('{"channel"'))
    t.ok(elements[0]!.text.endsWith('"replayId":7}}}'))
    t.same(elements[1], { text: '{"a":1}', oversized: false })
  },
)

t.test('any bytes are cut without a throw', async () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'binary' })), (chunks) => void split(chunks)),
    { numRuns: 300 },
  )
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom('[', ']', '{', '}', '"', '\\', ',', 'a')),
      (chunks) => void split(chunks),
    ),
    { numRuns: 500 },
  )
})
