// Salesforce for this process: connected when first needed, shared by the leader's flows and by whoever asks about one record.
import type { SalesforceConfig } from './config.ts'
import type { Log } from './log.ts'
import { connectSalesforce, type Salesforce } from './salesforce/connect.ts'

export interface SalesforceConnection {
  /** A failure is not remembered: the next one tries again. */
  connect(): Promise<Salesforce>
  close(): Promise<void>
}

export function rememberSalesforce(config: SalesforceConfig, deps: { log: Log }): SalesforceConnection {
  let connecting: Promise<Salesforce> | undefined
  let isConnected = false
  return {
    connect() {
      connecting ??= connectSalesforce(config, deps).then(
        (salesforce) => {
          isConnected = true
          return salesforce
        },
        (error: unknown) => {
          connecting = undefined
          throw error
        },
      )
      return connecting
    },
    async close() {
      const closed = connecting?.then(
        (salesforce) => salesforce.close(),
        () => undefined,
      )
      // A login that hangs is not waited for: it is closed when it has an outcome.
      if (isConnected) await closed
    },
  }
}
