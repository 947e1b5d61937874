import type { ServerResponse } from 'node:http'
import { type Check, checkOptions, isFunction, isInteger, type Shape } from '../../base/check-options.ts'
import { promherdError } from '../../base/errors.ts'
import type { RequestLike } from './request-like.ts'

/** The option `labels`: user-defined labels, constant or computed. */

/** A label whose value is computed for each exchange, after it has ended. */
export interface ComputedLabel<Request = RequestLike, Context = unknown, Response = ServerResponse> {
  /**
   * Returns the value, or undefined for none. `response` is undefined for a connection that left HTTP (an upgrade or
   * CONNECT), and where there is no Node server. `context` is the framework's own object: the request of Express and
   * Fastify, the context of Koa and Hono; undefined if the framework has not seen the exchange. The values of an array
   * are joined by `, `, like those of a header. If the function throws, or returns no string, the value is `_unknown`.
   * Never awaited.
   */
  value(request: Request, response: Response | undefined, context: Context | undefined): LabelAnswer
  /** The allowed values; any other becomes `_other`. @default any value, up to `maxValues` */
  readonly values?: readonly string[] | undefined
  /** How many different values each worker keeps, in order of arrival; any other becomes `_other`. @default 20 */
  readonly maxValues?: number | undefined
}

/** The result of a computed label. An array is allowed because Node has some headers as arrays. */
type LabelAnswer = string | readonly string[] | undefined

/** Labels by name: a string is a constant, an object describes how the value is computed. */
export type LabelOptions<Request = RequestLike, Context = unknown, Response = ServerResponse> = Readonly<
  Record<string, string | ComputedLabel<Request, Context, Response>>
>

/** Names of promherd's own labels, under either naming, and names that the exposition format reserves. */
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

/** Checks labels by name, each a string or an object that computes the value. */
export const isLabels: Check = (where, labels) => {
  if (typeof labels !== 'object' || labels === null || Array.isArray(labels)) {
    throw promherdError('ERR_PROMHERD_BAD_OPTION', where, 'an object', labels, 'Give the labels by their names.')
  }
  for (const [name, label] of Object.entries(labels)) {
    rejectName(`${where}.${name}`, name)
    if (typeof label !== 'string') rejectComputed(`${where}.${name}`, label)
  }
}

function rejectName(where: string, name: string): void {
  if (!/^[a-zA-Z_][a-zA-Z0-9_]*$/.test(name)) throw promherdError('ERR_PROMHERD_BAD_NAME', 'label', name)
  if (!TAKEN.has(name) && !name.startsWith('__')) return
  const remedy = 'Rename it: the name is reserved by promherd or by Prometheus.'
  throw promherdError('ERR_PROMHERD_BAD_OPTION', where, 'a label name that is not reserved', name, remedy)
}

function rejectComputed(where: string, label: unknown): void {
  if (typeof label !== 'object' || label === null || Array.isArray(label)) {
    const remedy = 'Give the value, or { value, values } to compute one.'
    throw promherdError('ERR_PROMHERD_BAD_OPTION', where, 'a string or an object', label, remedy)
  }
  checkOptions(where, label as ComputedLabel, COMPUTED)
  const { value, values, maxValues } = label as Partial<ComputedLabel>
  if (value === undefined) COMPUTED.value(`${where}.value`, value)
  if (values === undefined || maxValues === undefined) return
  const remedy = 'Leave it out: the list of values is the bound.'
  throw promherdError('ERR_PROMHERD_BAD_OPTION', `${where}.maxValues`, 'absent beside `values`', maxValues, remedy)
}

const isValues: Check = (name, values) => {
  if (Array.isArray(values) && values.length > 0 && values.every(value => typeof value === 'string')) return
  throw promherdError('ERR_PROMHERD_BAD_OPTION', name, 'a list of strings', values, 'List the possible values.')
}

const COMPUTED: Shape<ComputedLabel> = {
  value: isFunction('Give a function that takes the request and returns the value.'),
  values: isValues,
  maxValues: isInteger(1, 1000, 'Give the number of different values that each worker may keep.'),
}
