// A CPU profile as a list of functions, the most expensive first.
interface Profile {
  nodes: { id: number; callFrame: { functionName: string; url: string; lineNumber: number } }[]
  samples: number[]
  timeDeltas: number[]
}

const TOLD = 25

export function byFunction(text: string): string[] {
  const { nodes, samples, timeDeltas } = JSON.parse(text) as Profile
  const names = new Map(
    nodes.map(({ id, callFrame: { functionName, url, lineNumber } }) => [
      id,
      `${functionName || '(anonymous)'} ${shorten(url)}${url === '' ? '' : `:${lineNumber + 1}`}`,
    ]),
  )
  const spent = new Map<string, number>()
  for (const [n, sample] of samples.entries()) {
    const name = names.get(sample) ?? ''
    spent.set(name, (spent.get(name) ?? 0) + (timeDeltas[n] ?? 0))
  }
  const all = [...spent.values()].reduce((sum, micros) => sum + micros, 0)
  const busy = all - (spent.get('(idle) ') ?? 0)
  const rows = [...spent].filter(([name]) => name !== '(idle) ').sort(([, a], [, b]) => b - a)
  return [
    `${(busy / 1e6).toFixed(1)} s busy of ${(all / 1e6).toFixed(1)} s; by function itself:`,
    ...rows
      .slice(0, TOLD)
      .map(([name, micros]) => `${((micros / busy) * 100).toFixed(1).padStart(5)} %  ${name}`),
  ]
}

const shorten = (url: string): string => url.replace(/^.*\/(node_modules|src)\//, '$1/')
