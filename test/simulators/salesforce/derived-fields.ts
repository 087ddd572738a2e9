// Fields that Salesforce computes from others when a row is saved.

import type { Cell } from './table.ts'

type Cells = Record<string, Cell | undefined>

/** Salesforce's standard sales process: probability and forecast category per stage. */
const STAGES: Record<string, [probability: number, forecast: string]> = {
  Prospecting: [10, 'Pipeline'],
  Qualification: [10, 'Pipeline'],
  'Needs Analysis': [20, 'Pipeline'],
  'Value Proposition': [50, 'Pipeline'],
  'Id. Decision Makers': [60, 'Pipeline'],
  'Perception Analysis': [70, 'Best Case'],
  'Proposal/Price Quote': [75, 'Best Case'],
  'Negotiation/Review': [90, 'Commit'],
  'Closed Won': [100, 'Closed'],
  'Closed Lost': [0, 'Omitted'],
}

/** Fills and corrects `cells` in place; `given` are the fields of this statement. */
export function derive(object: string, cells: Cells, given: ReadonlySet<string>): void {
  if (object === 'Lead' || object === 'Contact' || object === 'User') deriveName(cells)
  else if (object === 'Opportunity') deriveOpportunity(cells, given)
}

function deriveName(cells: Cells): void {
  const name = [cells['FirstName'], cells['LastName']].filter((part) => part !== undefined).join(' ')
  cells['Name'] = name.slice(0, 121) || undefined
}

function deriveOpportunity(cells: Cells, given: ReadonlySet<string>): void {
  const stage = String(cells['StageName'] ?? '')
  const [probability, forecast] = STAGES[stage] ?? [undefined, undefined]
  if (given.has('StageName')) {
    if (!given.has('Probability') && probability !== undefined) cells['Probability'] = probability
    if (!given.has('ForecastCategoryName') && forecast) cells['ForecastCategoryName'] = forecast
    if (!given.has('IsClosed')) cells['IsClosed'] = stage.startsWith('Closed')
    if (!given.has('IsWon')) cells['IsWon'] = stage === 'Closed Won'
  }
  const category = cells['ForecastCategoryName']
  cells['ForecastCategory'] = typeof category === 'string' ? category.replaceAll(' ', '') : undefined
  const { Amount: amount, Probability: chance } = cells
  cells['ExpectedRevenue'] =
    typeof amount === 'number' && typeof chance === 'number' ? Math.round(amount * chance) / 100 : undefined
  if (typeof cells['CloseDate'] === 'string') deriveFiscal(cells, cells['CloseDate'])
}

function deriveFiscal(cells: Cells, closeDate: string): void {
  const year = Number(closeDate.slice(0, 4))
  const quarter = Math.ceil(Number(closeDate.slice(5, 7)) / 3)
  Object.assign(cells, { FiscalYear: year, FiscalQuarter: quarter, Fiscal: `${year} ${quarter}` })
}
