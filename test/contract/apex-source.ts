// Fixtures as Apex test classes: outside an org there are no static resources, and a class is found by every runner. The text is as
// Salesforce's formatter leaves it.
import type { RecordedCase } from './recorded-dml.ts'
import type { WebhookSamples } from './webhook-samples.ts'

/** JSON never holds line ends. */
function literal(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
}

/** The samples as JSON, one a line. */
export function webhookSamplesClass({ requests, answers, refusals }: WebhookSamples): string {
  const list = (name: string, samples: object[]): string =>
    `    public static final List<String> ${name} = new List<String>{
${samples.map((sample) => `        ${literal(JSON.stringify(sample))}`).join(',\n')}
    };`
  return `/**
 * What the webhook takes and answers. Written by \`node test/contract/write.ts\` of the service from its own schemas
 * (src/insights/shapes.ts): change those.
 */
@IsTest
public class WebhookSamples {
${[list('REQUESTS', requests), list('ANSWERS', answers), list('REFUSALS', refusals)].join('\n\n')}
}
`
}

/** A test method for each case: the publisher remembers the watched fields for a transaction, and a method is one. */
export function recordChangeTest(cases: RecordedCase[]): string {
  return `/**
 * The events that the publisher makes of recorded DML are those that the service's tests are told of it. Written by
 * \`node test/contract/write.ts\` of the service from its test/contract/fixtures/record-changes.json: change that.
 */
@IsTest
private class RecordChangeContractTest {
${cases.map(methodOf).join('\n\n')}
}
`
}

function methodOf(recorded: RecordedCase): string {
  const { given, when, told, mappings, settings, personAccounts } = recorded
  const parts = [
    { personAccounts, mappings, settings, steps: stepsOf(given) },
    stepsOf(when),
    told.map((event) => {
      const [, kind, names = '', replacements] = /^(\S+ \S+) (.*?)(?: -> (.*))?$/.exec(event) ?? []
      return { kind, names: names.split(','), replacements: replacements?.split(',') ?? [] }
    }),
  ]
  return `    @IsTest
    static void ${identifier(recorded.case)}() {
        RecordedDml replay = new RecordedDml(
${parts.map((part) => `            ${literal(JSON.stringify(part))}`).join(',\n')}
        );
        Assert.areEqual(replay.expected(), replay.told(), ${literal(shortened(recorded.case))});
    }`
}

/** Lists in the place of maps: Apex keeps no order of keys. */
function stepsOf(steps: RecordedCase['when']): unknown[] {
  return steps.map((step) => ({
    ...step,
    records: Object.entries(step.records).map(([name, fields]) => ({ name, fields })),
    ...(step.do === 'convert'
      ? { makes: Object.entries(step.makes).map(([name, made]) => ({ name, ...made })) }
      : {}),
  }))
}

/** "a new record" → aNewRecord */
function identifier(title: string): string {
  const words = title.replaceAll("'", '').split(/[^A-Za-z0-9]+/)
  return words.map((word, at) => (at === 0 ? word : word.charAt(0).toUpperCase() + word.slice(1))).join('')
}

/** The assertion stays on one line of the formatter's. */
function shortened(title: string): string {
  return title.length > 44 ? `${title.slice(0, 43)}…` : title
}
