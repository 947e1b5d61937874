import { readVariable } from '../../base/environment.ts'
import { promherdError } from '../../base/errors.ts'
import { FAMILIES } from '../../definitions/metrics.ts'
import type { LabelSet } from './label-set.ts'
import { isTemplate, METHODS } from './labels.ts'
import { type Naming, STATUSES } from './naming.ts'
import type { Outcome } from './outcome.ts'

/**
 * The naming by OpenTelemetry's conventions, as its Prometheus exporters spell them. `categories` are all possible
 * categories. @throws ERR_PROMHERD_BAD_OPTION if the environment names too many methods.
 */
export function openTelemetryNaming(categories: readonly string[]): Naming {
  const methods = knownMethods()
  const indexes = new Map(methods.map((method, index) => [method, index]))

  function valuesOf(outcome: Outcome, { scheme, version, custom }: LabelSet): string[] {
    const { method, route, status } = outcome
    // Labels that do not apply are omitted: an empty label value equals no label.
    const sent = status === 0 ? '' : String(status)
    const template = isTemplate(route) ? route : ''
    const errorType = status >= 500 ? sent : (categories[errorTypeOf(outcome) - 1] ?? '')
    return [methods[method]!, scheme, errorType, sent, template, version, ...custom]
  }

  function keyOf(outcome: Outcome): number {
    return (errorTypeOf(outcome) * methods.length + outcome.method) * STATUSES + outcome.status
  }

  /**
   * The index from 1 of the category for `error_type`; 0 for none. For a server's 5xx the status is used instead, and a
   * 4xx is not a server error, unless the response did not reach the client.
   */
  function errorTypeOf({ status, category }: Outcome): number {
    if (category === undefined || status >= 500) return 0
    if (status >= 400 && category !== 'client_abort') return 0
    return categories.indexOf(category) + 1
  }

  return {
    duration: FAMILIES.serverDuration,
    requests: undefined,
    inFlight: FAMILIES.serverActive,
    timeToFirstByte: FAMILIES.serverFirstByte,
    requestSize: FAMILIES.serverRequestSize,
    responseSize: FAMILIES.serverResponseSize,
    methods,
    methodIndexOf: method => indexes.get(method as string) ?? methods.length - 1,
    isOpenTelemetry: true,
    timeLabels: { valuesOf, keyOf },
    sizeLabels: { valuesOf, keyOf },
  }
}

/** The methods of RFC 9110, PATCH and QUERY, or those that the environment variable names instead. */
function knownMethods(): readonly string[] {
  const name = 'OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS'
  const methods = new Set(readVariable(name))
  if (methods.size === 0) return [...METHODS.slice(0, -1), 'QUERY', ...METHODS.slice(-1)]
  methods.delete('_OTHER')
  if (methods.size <= MOST_METHODS) return [...methods, '_OTHER']
  const remedy = 'Name those that the service supports.'
  throw promherdError('ERR_PROMHERD_BAD_OPTION', name, `at most ${MOST_METHODS} methods`, methods.size, remedy)
}

const MOST_METHODS = 40
