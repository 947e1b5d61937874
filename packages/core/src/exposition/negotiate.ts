/** The formats in which a snapshot is available. */
export type FormatName = 'text' | 'openmetrics'

/**
 * The format for a client with this `Accept` header (RFC 9110, 12.5.1): OpenMetrics 1.0 if the header names it and
 * prefers no range that matches the text format, otherwise text, which every client reads.
 */
export function negotiate(accept: string | undefined): FormatName {
  let openMetrics = 0
  const text = new Map<string, number>()
  for (const { type, version, weight } of rangesIn(accept ?? '')) {
    if (type === 'application/openmetrics-text' && isAny(version, '1.0.0')) openMetrics = Math.max(openMetrics, weight)
    if (TEXT_RANGES.includes(type) && isAny(version, '0.0.4')) text.set(type, Math.max(text.get(type) ?? 0, weight))
  }
  // A specific range takes precedence over a wildcard.
  const range = TEXT_RANGES.find(each => text.has(each))
  return openMetrics > 0 && openMetrics >= (range === undefined ? 0 : text.get(range)!) ? 'openmetrics' : 'text'
}

/** Whether a client accepts gzip: by name or by `*`, and not with a weight of zero (RFC 9110, 12.5.3). */
export function takesGzip(headers: { readonly 'accept-encoding'?: string | readonly string[] | undefined }): boolean {
  const weights = new Map<string, number>()
  for (const item of String(headers['accept-encoding'] ?? '').split(',')) {
    const [name = '', ...parameters] = item.split(';').map(part => part.trim().toLowerCase())
    const weight = parameters.find(parameter => parameter.startsWith('q='))
    weights.set(name, weight === undefined ? 1 : Number(weight.slice(2)))
  }
  return (weights.get('gzip') ?? weights.get('*') ?? 0) > 0
}

const TEXT_RANGES = ['text/plain', 'text/*', '*/*']

interface Range {
  readonly type: string
  readonly version: string | undefined
  /** From 0 (not acceptable) to 1. */
  readonly weight: number
}

function rangesIn(accept: string): Range[] {
  return accept.split(',').map(item => {
    const [type = '', ...parameters] = item.split(';').map(part => part.trim().toLowerCase())
    const weight = Number(parameterOf(parameters, 'q') ?? 1)
    return { type, version: parameterOf(parameters, 'version'), weight: weight >= 0 && weight <= 1 ? weight : 0 }
  })
}

function parameterOf(parameters: readonly string[], name: string): string | undefined {
  const parameter = parameters.find(each => each.startsWith(`${name}=`))
  return parameter?.slice(name.length + 1).replace(/^"(.*)"$/, '$1')
}

function isAny(version: string | undefined, wanted: string): boolean {
  return version === undefined || version === wanted
}
