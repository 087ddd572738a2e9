// Every file that is made of the service's schemas and of the recorded DML, with its content.
import { join } from 'node:path'
import { format, resolveConfig } from 'prettier'
import { recordChangeTest, webhookSamplesClass } from './apex-source.ts'
import { readCases } from './recorded-dml.ts'
import { webhookSamples } from './webhook-samples.ts'

const APEX_TESTS = join(import.meta.dirname, '../../sfdx-project/force-app/tests')

export async function contractFiles(): Promise<{ path: string; content: string }[]> {
  const samples = webhookSamples()
  const json = join(import.meta.dirname, 'fixtures/webhook.json')
  return [
    {
      path: json,
      content: await format(JSON.stringify(samples), { ...(await resolveConfig(json)), filepath: json }),
    },
    {
      path: join(APEX_TESTS, 'insights-in/classes/WebhookSamples.cls'),
      content: webhookSamplesClass(samples),
    },
    {
      path: join(APEX_TESTS, 'changes-out/classes/RecordChangeContractTest.cls'),
      content: recordChangeTest(readCases()),
    },
  ]
}
