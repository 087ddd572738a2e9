// The figures as a table for people.
import Table from 'cli-table3'
import type { Judged } from './figures.ts'
import type { Results } from './run.ts'

export function tableOf({ figures, runs, cores, node }: Results): string {
  const table = new Table({
    head: ['scenario', 'figure', 'measured', 'floor', 'ratio', 'target', ''],
    style: { head: [], border: [], compact: true },
    colAligns: ['left', 'left', 'right', 'right', 'right', 'right', 'left'],
  })
  for (const figure of figures)
    table.push([
      figure.scenario,
      figure.what,
      `${show(figure.value)} ${figure.unit}`,
      figure.floor === undefined ? '' : show(figure.floor.value),
      figure.floor === undefined || figure.floor.value === 0
        ? ''
        : (figure.value / figure.floor.value).toFixed(2),
      targetOf(figure),
      figure.ok === undefined ? '' : figure.ok ? 'met' : 'MISSED',
    ])
  const floors = figures.flatMap(({ what, floor, scenario }) =>
    floor === undefined ? [] : [`  ${scenario}, ${what}: ${show(floor.value)} = ${floor.from}`],
  )
  const commands = runs.map(
    ({ scenario, seconds, load, failure }) =>
      `  npm run bench -- --only ${scenario}: ${seconds} s, load ${load[0]} to ${load[1]} on ${cores} cores${failure === undefined ? '' : `, FAILED: ${failure}`}`,
  )
  return `${[table.toString(), 'Floors:', ...floors, `Commands, Node ${node}:`, ...commands].join('\n')}\n`
}

function targetOf({ atMost, atLeast }: Judged): string {
  return [
    ...(atMost === undefined ? [] : [`≤ ${show(atMost)}`]),
    ...(atLeast === undefined ? [] : [`≥ ${show(atLeast)}`]),
  ].join(', ')
}

export function show(value: number): string {
  if (!Number.isFinite(value)) return '–'
  return value.toLocaleString('en', { maximumFractionDigits: value >= 100 ? 0 : value >= 1 ? 2 : 3 })
}
