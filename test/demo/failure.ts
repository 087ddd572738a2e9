// What ends the demo with a sentence instead of a stack trace.
export class DemoFailure extends Error {
  constructor(sentence: string) {
    super(sentence)
    this.name = 'DemoFailure'
  }
}

/** Ctrl-C, or a signal. */
export class Interrupted extends Error {
  constructor() {
    super('interrupted')
    this.name = 'Interrupted'
  }
}
