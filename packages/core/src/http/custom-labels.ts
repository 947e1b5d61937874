import type { ServerResponse } from 'node:http'
import { isPromise } from 'node:util/types'
import { promherdError } from '../errors.ts'
import { type Check, checkOptions, isFunction, isInteger, type Shape } from '../options.ts'
import { OVERFLOW } from '../store/family.ts'
import type { Store } from '../store/store.ts'
import type { RequestLike } from './http-options.ts'
import { OTHER, UNKNOWN } from './labels.ts'

/**
 * Labels of the user's own. A constant is a constant; what is computed is bounded, by a list of values or by their
 * number, since whatever it is made of may be the client's to choose.
 */

/** A label whose value is computed for each exchange, when it has ended. */
export interface ComputedLabel<Request = RequestLike, Context = unknown, Response = ServerResponse> {
  /**
   * Answers the value, or undefined for none. `response` is undefined for a connection that left HTTP, and where there
   * is no Node server. `context` is what the framework knows: the request of Express and Fastify, the context of Koa
   * and Hono; undefined where it has not seen the exchange. The values of a list are joined by `, `, as those of a
   * header are. Where it throws, or answers no text, the value is `_unknown`. Never awaited.
   */
  of(request: Request, response: Response | undefined, context: Context | undefined): LabelAnswer
  /** The values that there are; any other is `_other`. @default whatever comes, up to `maxValues` */
  readonly values?: readonly string[] | undefined
  /** How many different values each worker keeps, first come first served; any other is `_overflow`. @default 20 */
  readonly maxValues?: number | undefined
}

/** What a label may be computed as: that of a header can be given as Node has it. */
export type LabelAnswer = string | readonly string[] | undefined

/** Labels by their names: a text is a constant, an object says how the value is computed. */
export type LabelOptions<Request = RequestLike, Context = unknown, Response = ServerResponse> = Readonly<
  Record<string, string | ComputedLabel<Request, Context, Response>>
>

/** What a value is computed of. */
export interface Subject {
  readonly request: RequestLike
  readonly response?: ServerResponse | undefined
  readonly context?: unknown
}

/** The labels of one recorder. */
export class CustomLabels {
  /** In the order of the alphabet, so that two recorders that mean the same say the same. */
  readonly names: readonly string[]
  /** True where no value has to be computed. */
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

  /** The values for an exchange; without one, what is computed is `_unknown`. Never throws. */
  valuesOf(subject: Subject | undefined): string[] {
    return this.#sources.map(source => {
      if (typeof source === 'string') return source
      return subject === undefined ? UNKNOWN : source.valueOf(subject, this.#store)
    })
  }
}

/** A computed label and the values that it may have. */
class Bounded {
  readonly #name: string
  readonly #label: ComputedLabel
  readonly #known: Set<string>
  readonly #room: number
  readonly #beyond: string

  constructor(name: string, label: ComputedLabel) {
    this.#name = name
    this.#label = label
    this.#known = new Set(label.values)
    this.#room = label.values === undefined ? (label.maxValues ?? DEFAULT_MAX_VALUES) : 0
    this.#beyond = label.values === undefined ? OVERFLOW : OTHER
  }

  valueOf(subject: Subject, store: Store): string {
    const value = this.#answer(subject, store)
    if (value === undefined || value === '') return ''
    if (this.#known.has(value) || value === UNKNOWN) return value
    if (this.#known.size >= this.#room || value.length > LONGEST) return this.#beyond
    this.#known.add(value)
    return value
  }

  #answer({ request, response, context }: Subject, store: Store): string | undefined {
    try {
      const value: unknown = this.#label.of(request, response, context)
      if (value === undefined || typeof value === 'string') return value
      if (Array.isArray(value) && value.every(part => typeof part === 'string')) return value.join(', ')
      // An async function cannot answer in time, and its rejection must not end the process.
      if (isPromise(value)) value.catch(() => {})
      store.trouble('callback', `the label \`${this.#name}\` answered something that is no text`)
    } catch (error) {
      store.trouble('callback', `the label \`${this.#name}\` threw: ${String(error)}`)
    }
    return UNKNOWN
  }
}

const DEFAULT_MAX_VALUES = 20
/** What is longer is nobody's category, and would be kept for ever. */
const LONGEST = 128

/** What promherd's own labels are called, under either naming, and what the format keeps for itself. */
const TAKEN: ReadonlySet<string> = new Set([
  'method',
  'route',
  'status_code',
  'category',
  'http_request_method',
  'http_route',
  'http_response_status_code',
  'url_scheme',
  'error_type',
  'network_protocol_name',
  'network_protocol_version',
  'worker',
  'le',
  'quantile',
])

/** Names that may stand for a label, each with a text or with what computes one. */
export const isLabels: Check = (where, labels) => {
  if (typeof labels !== 'object' || labels === null || Array.isArray(labels)) {
    throw promherdError('ERR_PROMHERD_BAD_OPTION', where, 'an object', labels, 'Give the labels by their names.')
  }
  for (const [name, label] of Object.entries(labels)) {
    refuseName(`${where}.${name}`, name)
    if (typeof label !== 'string') refuseComputed(`${where}.${name}`, label)
  }
}

function refuseName(where: string, name: string): void {
  if (!/^[a-zA-Z_][a-zA-Z0-9_]*$/.test(name)) throw promherdError('ERR_PROMHERD_BAD_NAME', 'label', name)
  if (!TAKEN.has(name) && !name.startsWith('__')) return
  const remedy = "Rename it: promherd's own labels have this name, or Prometheus keeps it for itself."
  throw promherdError('ERR_PROMHERD_BAD_OPTION', where, 'a label with a name that is free', name, remedy)
}

function refuseComputed(where: string, label: unknown): void {
  if (typeof label !== 'object' || label === null || Array.isArray(label)) {
    const remedy = 'Give the value, or { of, values } to compute one.'
    throw promherdError('ERR_PROMHERD_BAD_OPTION', where, 'a text or an object', label, remedy)
  }
  checkOptions(where, label as ComputedLabel, COMPUTED)
  const { of, values, maxValues } = label as Partial<ComputedLabel>
  if (of === undefined) COMPUTED.of(`${where}.of`, of)
  if (values === undefined || maxValues === undefined) return
  const remedy = 'Leave it out: the list of values is the bound.'
  throw promherdError('ERR_PROMHERD_BAD_OPTION', `${where}.maxValues`, 'absent beside `values`', maxValues, remedy)
}

const isValues: Check = (name, values) => {
  if (Array.isArray(values) && values.length > 0 && values.every(value => typeof value === 'string')) return
  throw promherdError('ERR_PROMHERD_BAD_OPTION', name, 'a list of texts', values, 'List the values that there are.')
}

const COMPUTED: Shape<ComputedLabel> = {
  of: isFunction('Give a function that takes the request and answers the value.'),
  values: isValues,
  maxValues: isInteger(1, 1000, 'Give the number of different values that each worker may keep.'),
}
