import { promherdError } from '@promherd/core/forward'
import { OTLP_SHAPE, type OtlpOptions } from './options.ts'

/**
 * The options from OpenTelemetry's environment variables. A variable for metrics takes precedence over the one for all
 * signals; an empty one counts as missing. https://opentelemetry.io/docs/specs/otel/protocol/exporter/
 * @throws ERR_PROMHERD_BAD_OPTION, with the name of the variable
 */
export function fromEnvironment(): Given {
  const found: Record<string, unknown> = {}
  for (const { key, names, read } of VARIABLES) {
    const name = names.find(each => textOf(each) !== undefined)
    if (name === undefined) continue
    found[key] = read(textOf(name)!)
    OTLP_SHAPE[key](name, found[key])
  }
  return found
}

/** Options that are set. */
export type Given = { readonly [K in keyof OtlpOptions]?: Exclude<OtlpOptions[K], undefined> }

interface Variable {
  readonly key: keyof OtlpOptions
  /** The first variable that has a value is used. */
  readonly names: readonly string[]
  readonly read: (text: string) => unknown
}

const asItIs = (text: string): string => text.trim()

/** A value that is not a number is returned unchanged, so that the error shows it. */
function secondsOf(milliseconds: string): number | string {
  return Number.isNaN(Number(milliseconds)) ? milliseconds : Number(milliseconds) / 1000
}

/** The variable for metrics, and the one for all signals. */
function named(suffix: string): readonly string[] {
  return [`OTEL_EXPORTER_OTLP_METRICS_${suffix}`, `OTEL_EXPORTER_OTLP_${suffix}`]
}

/** Except the address of the receiver, and variables that are lists. */
const VARIABLES: readonly Variable[] = [
  { key: 'protocol', names: named('PROTOCOL'), read: asItIs },
  { key: 'compression', names: named('COMPRESSION'), read: asItIs },
  { key: 'timeout', names: named('TIMEOUT'), read: secondsOf },
  { key: 'interval', names: ['OTEL_METRIC_EXPORT_INTERVAL'], read: secondsOf },
  { key: 'certificate', names: named('CERTIFICATE'), read: asItIs },
  { key: 'clientCertificate', names: named('CLIENT_CERTIFICATE'), read: asItIs },
  { key: 'clientKey', names: named('CLIENT_KEY'), read: asItIs },
]

/**
 * The address of the receiver: for metrics alone, to be used unchanged, or for all signals.
 * @throws ERR_PROMHERD_BAD_OPTION
 */
export function endpointFromEnvironment(): { readonly ofMetrics?: string; readonly ofAll?: string } {
  const ofMetrics = textOf('OTEL_EXPORTER_OTLP_METRICS_ENDPOINT')?.trim()
  const ofAll = textOf('OTEL_EXPORTER_OTLP_ENDPOINT')?.trim()
  if (ofMetrics !== undefined) {
    OTLP_SHAPE.url('OTEL_EXPORTER_OTLP_METRICS_ENDPOINT', ofMetrics)
    return { ofMetrics }
  }
  if (ofAll === undefined) return {}
  OTLP_SHAPE.url('OTEL_EXPORTER_OTLP_ENDPOINT', ofAll)
  return { ofAll }
}

/**
 * The headers for all signals, overridden by those for metrics.
 * @throws ERR_PROMHERD_BAD_OPTION
 */
export function headersFromEnvironment(): Readonly<Record<string, string>> {
  const read = (name: string): Record<string, string> => {
    const headers = listFrom(name)
    OTLP_SHAPE.headers(name, headers)
    return headers
  }
  return { ...read('OTEL_EXPORTER_OTLP_HEADERS'), ...read('OTEL_EXPORTER_OTLP_METRICS_HEADERS') }
}

/**
 * The attributes of the resource.
 * @throws ERR_PROMHERD_BAD_OPTION
 */
export function resourceFromEnvironment(): Readonly<Record<string, string>> {
  const name = textOf('OTEL_SERVICE_NAME')
  return { ...listFrom('OTEL_RESOURCE_ATTRIBUTES'), ...(name !== undefined && { 'service.name': name }) }
}

/** Parses a comma-separated list of `key=value`, in which values are percent-encoded as in W3C Baggage. */
function listFrom(variable: string): Record<string, string> {
  const list: Record<string, string> = {}
  for (const item of (textOf(variable) ?? '').split(',')) {
    if (item.trim() === '') continue
    const at = item.indexOf('=')
    const key = item.slice(0, Math.max(at, 0)).trim()
    const value = decoded(item.slice(at + 1).trim())
    if (key === '' || value === undefined) {
      // The item itself is not shown: it can be a secret.
      const given = key === '' ? 'an item without a name' : `a value of ${key} that cannot be decoded`
      const remedy = 'Encode a comma as %2C, and a percent sign as %25.'
      throw promherdError('ERR_PROMHERD_BAD_OPTION', variable, '`key=value` with commas between them', given, remedy)
    }
    list[key] = value
  }
  return list
}

function decoded(value: string): string | undefined {
  try {
    return decodeURIComponent(value)
  } catch {
    return undefined
  }
}

function textOf(variable: string): string | undefined {
  return process.env[variable] || undefined
}
