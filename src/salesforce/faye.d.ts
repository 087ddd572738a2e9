// faye ships no types. Only what bayeux-client.ts uses.
declare module 'faye' {
  export interface Extension {
    incoming(message: object, pass: (message: object | null) => void): void
    outgoing(message: object, pass: (message: object | null) => void): void
  }

  export interface Subscription {
    errback(callback: (error: unknown) => void): void
  }

  export class Client {
    constructor(endpoint: string)
    disable(feature: 'websocket'): void
    addExtension(extension: Extension): void
    subscribe(channel: string, callback: (data: unknown) => void): Subscription
    disconnect(): void
  }
}
