// What every part of the duel gets.
import type { Bench } from '../bench/bench.ts'
import type { Failure } from '../bench/report.ts'
import type { Defer } from '../bench/releases.ts'
import type { Sender } from './sender.ts'
import type { Table } from './tables.ts'

export type Duel = Omit<Bench, 'generator'> & {
  sender: Sender
  /** performance.now() when the run must be over. */
  endAt: number
  /** Notes what could not be measured; the run goes on, and ends with exit code 1. */
  fail: (failure: Failure) => void
}

/** Measures a part; what it starts ends with it. */
export type Part = (duel: Duel, defer: Defer) => Promise<Record<string, Table>>
