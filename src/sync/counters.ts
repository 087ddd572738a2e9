// What the outward flow counts; whoever wires it says where the numbers go.
export interface SyncCounters {
  pushed(object: string, outcome: string, records: number): void
  /** A live change is in Marketo: so long after its mark. */
  confirmed(object: string, seconds: number): void
  received(result: 'stored' | 'parked', events: number): void
}
