// Looks whether the service's port is free before anything is started: a sentence now instead of a crash later.
import { createServer } from 'node:net'
import { DemoFailure } from './failure.ts'

export async function assertFree(port: number, host: string): Promise<void> {
  const server = createServer()
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(
        new DemoFailure(
          error.code === 'EADDRINUSE'
            ? `Port ${port} is taken by another program. Choose another one: npm run demo -- --port ${port + 1}`
            : `Port ${port} can not be used (${error.message}). Choose another one: npm run demo -- --port ${port + 1}`,
        ),
      ),
    )
    server.listen(port, host, resolve)
  })
  await new Promise((resolve) => server.close(resolve))
}
