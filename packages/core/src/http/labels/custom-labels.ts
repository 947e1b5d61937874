import { isPromise } from 'node:util/types'
import type { Store } from '../../store/store.ts'
import type { ComputedLabel, LabelOptions } from './label-options.ts'
import { OTHER, UNKNOWN } from './labels.ts'
import type { LabelInputs } from './outcome.ts'

/**
 * User-defined labels. A constant value needs no bound. A computed value is bounded by a list of values or by their
 * number, because the client may control the input that it is computed from.
 */

/** The user-defined labels of one recorder. */
export class CustomLabels {
  /** Sorted alphabetically, so that two recorders with the same labels have them in the same order. */
  readonly names: readonly string[]
  /** True if no value has to be computed. */
  readonly isConstant: boolean
  readonly #store: Store
  readonly #sources: readonly (string | Bounded)[]

  constructor(store: Store, labels: LabelOptions = {}) {
    this.#store = store
    this.names = Object.keys(labels).sort()
    this.#sources = this.names.map(name => {
      const label = labels[name]!
      return typeof label === 'string' ? label : new Bounded(name, label)
    })
    this.isConstant = this.#sources.every(source => typeof source === 'string')
  }

  /** The label values of an exchange. If it was not followed, computed labels are `_unknown`. Never throws. */
  valuesOf({ request, response, context }: LabelInputs): string[] {
    return this.#sources.map(source => {
      if (typeof source === 'string') return source
      return request === undefined ? UNKNOWN : source.valueOf(this.#store, request, response, context)
    })
  }

  /** The label values of every exchange; only if no value has to be computed. */
  get constantValues(): readonly string[] {
    return this.#sources.filter(source => typeof source === 'string')
  }
}

type Inputs = Parameters<ComputedLabel['value']>

/** A computed label, bounded to its allowed values. */
class Bounded {
  readonly #name: string
  readonly #label: ComputedLabel
  readonly #known: Set<string>
  readonly #room: number

  constructor(name: string, label: ComputedLabel) {
    this.#name = name
    this.#label = label
    this.#known = new Set(label.values)
    this.#room = label.values === undefined ? (label.maxValues ?? DEFAULT_MAX_VALUES) : 0
  }

  valueOf(store: Store, ...inputs: Inputs): string {
    const value = this.#compute(store, inputs)
    if (value === undefined || value === '') return ''
    if (this.#known.has(value) || value === UNKNOWN) return value
    if (this.#known.size >= this.#room || value.length > LONGEST) return OTHER
    this.#known.add(value)
    return value
  }

  #compute(store: Store, inputs: Inputs): string | undefined {
    try {
      const value: unknown = this.#label.value(...inputs)
      if (value === undefined || typeof value === 'string') return value
      if (Array.isArray(value) && value.every(part => typeof part === 'string')) return value.join(', ')
      // The result of an async function would come too late, and its rejection must not end the process.
      if (isPromise(value)) value.catch(() => {})
      store.reportError('callback', `the label \`${this.#name}\` returned something that is not a string`)
    } catch (error) {
      store.reportError('callback', `the label \`${this.#name}\` threw: ${String(error)}`)
    }
    return UNKNOWN
  }
}

const DEFAULT_MAX_VALUES = 20
/** A longer value is not a useful category, and would use memory forever. */
const LONGEST = 128
