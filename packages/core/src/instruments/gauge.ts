import type { Aggregator } from '../definitions/definition.ts'
import { isAbsent, setAbsent } from '../store/absent.ts'
import { NOWHERE } from '../store/family.ts'
import type { Bound } from './bound.ts'
import type { RejectValue } from './counter.ts'

/** One series of a gauge. It is not served before it is first set. */
export interface GaugeSeries {
  /** Sets the value, which may be infinite or NaN. */
  set(value: number): void
  /** Adds to the value, starting from 0 if there is none yet. @default 1 */
  inc(amount?: number): void
  /** Subtracts from the value, starting from 0 if there is none yet. @default 1 */
  dec(amount?: number): void
  /** Sets the value to the unix time in seconds. */
  setToCurrentTime(): void
  /** Removes the value: the series is not served until it is set again. */
  clear(): void
}

export class BoundGauge implements GaugeSeries {
  readonly #bound: Bound
  readonly #rejectValue: RejectValue
  readonly #isTimed: boolean

  constructor(bound: Bound, rejectValue: RejectValue, aggregator: Aggregator) {
    this.#bound = bound
    this.#rejectValue = rejectValue
    this.#isTimed = aggregator === 'latest'
  }

  set(value: number): void {
    if (typeof value !== 'number') {
      this.#rejectValue('a number', value)
      return
    }
    const { slot } = this.#bound
    if (slot !== NOWHERE) this.#write(slot, value)
  }

  inc(amount: number = 1): void {
    if (typeof amount !== 'number') {
      this.#rejectValue('a number', amount)
      return
    }
    const { slot } = this.#bound
    if (slot === NOWHERE) return
    const before = this.#bound.storage.values[slot]!
    this.#write(slot, (Number.isNaN(before) && isAbsent(this.#bound.storage.values, slot) ? 0 : before) + amount)
  }

  dec(amount: number = 1): void {
    // Values that are not numbers are passed on unchanged, so that the error shows them.
    this.inc(typeof amount === 'number' ? -amount : amount)
  }

  setToCurrentTime(): void {
    this.set(Date.now() / 1000)
  }

  clear(): void {
    if (this.#bound.isPlaced) setAbsent(this.#bound.storage.values, this.#bound.slot)
  }

  #write(slot: number, value: number): void {
    const { values } = this.#bound.storage
    values[slot] = value
    if (this.#isTimed) values[slot + 1] = Date.now() / 1000
  }
}
