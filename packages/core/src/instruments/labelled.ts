import { promherdError } from '../base/errors.ts'
import type { StoreFamily } from '../store/family.ts'
import { Bound } from './bound.ts'

/** A label value; numbers are converted as JavaScript does. */
type LabelValue = string | number

/** Values by label name. */
type LabelsOf<L extends readonly string[]> = { readonly [K in L[number]]: LabelValue }

/** Values in the order of their labels. */
type ValuesOf<L extends readonly string[]> = { readonly [K in keyof L]: LabelValue }

/** A metric with labels: a set of series. */
export interface Labelled<L extends readonly string[], S> {
  /** The series with these label values. Keep the returned object if it is used often. */
  labels(values: LabelsOf<L>): S
  labels(...values: ValuesOf<L>): S
  /**
   * Removes this process's part of the series. A `labels()` result can still be used: the next recording creates the
   * series again, from zero. The parts of other workers and of exited processes stay.
   */
  remove(values: LabelsOf<L>): void
  remove(...values: ValuesOf<L>): void
  /** Removes this process's part of every series. */
  clear(): void
}

/** Series by their label values. Only series with slots of their own are remembered. */
export class SeriesSet<S> {
  readonly #family: StoreFamily
  readonly #names: readonly string[]
  readonly #make: (bound: Bound) => S
  readonly #reportError: (message: string) => void

  constructor(family: StoreFamily, make: (bound: Bound) => S, reportError: (message: string) => void) {
    this.#family = family
    this.#names = family.definition.labels
    this.#make = make
    this.#reportError = reportError
  }

  labels(...given: readonly unknown[]): S {
    const values = this.#valuesOf(given)
    return (this.#family.placeIfAny(values)?.kept as S | undefined) ?? this.#bind(values)
  }

  remove(...given: readonly unknown[]): void {
    this.#family.remove(this.#valuesOf(given))
  }

  clear(): void {
    this.#family.clear()
  }

  /** Removes series without a recording for `seconds`, judged by `now` and by the times of earlier calls. */
  expire(now: number, seconds: number): void {
    this.#family.expire(now, seconds)
  }

  #bind(values: readonly string[]): S {
    const bound = new Bound(this.#family, values)
    const series = this.#make(bound)
    bound.keep(series)
    return series
  }

  /** Nothing that comes from a request may throw here: a missing value becomes the empty string, as in Prometheus. */
  #valuesOf(given: readonly unknown[]): readonly string[] {
    const names = this.#names
    if (given.length === names.length && given.every(isString)) return given as readonly string[]
    const [first] = given
    const isNamed = typeof first === 'object' && first !== null
    const values = isNamed
      ? names.map(name => (Object.hasOwn(first, name) ? (first as Fields)[name] : undefined))
      : given
    const count = isNamed ? Object.keys(first).length : given.length
    const texts = names.map((_, i) => textOf(values[i]))
    if (count !== names.length || texts.includes(undefined)) {
      this.#reportError(promherdError('ERR_PROMHERD_LABEL_COUNT', this.#family.definition.name, names, count).message)
    }
    return texts.map(text => text ?? '')
  }
}

type Fields = Readonly<Record<string, unknown>>

function isString(value: unknown): boolean {
  return typeof value === 'string'
}

/** Undefined if the value cannot be a label value. */
function textOf(value: unknown): string | undefined {
  return ['string', 'number', 'boolean', 'bigint'].includes(typeof value) ? String(value) : undefined
}
