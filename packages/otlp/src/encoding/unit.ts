/**
 * The unit of a metric in UCUM, from the suffix of its Prometheus name, by OpenTelemetry's rules of compatibility with
 * Prometheus; an empty string if the name has no unit.
 * https://opentelemetry.io/docs/specs/otel/compatibility/prometheus_and_openmetrics/
 */
export function unitOf(name: string): string {
  const title = name.endsWith('_total') ? name.slice(0, -'_total'.length) : name
  const [, per] = /_per_([a-z]+)$/.exec(title) ?? []
  if (per === undefined) return UNITS[lastWord(title)] ?? ''
  const unit = UNITS[lastWord(title.slice(0, -`_per_${per}`.length))]
  const perUnit = UNITS[`${per}s`]
  return unit === undefined || perUnit === undefined ? '' : `${unit}/${perUnit}`
}

/** The part after the last underscore; a name without one has no unit. */
function lastWord(title: string): string {
  const at = title.lastIndexOf('_')
  return at < 0 ? '' : title.slice(at + 1)
}

/** Units as Prometheus writes them in names, and their codes in UCUM. */
const UNITS: Readonly<Record<string, string>> = {
  days: 'd',
  hours: 'h',
  minutes: 'min',
  seconds: 's',
  milliseconds: 'ms',
  microseconds: 'us',
  nanoseconds: 'ns',
  bytes: 'By',
  kibibytes: 'KiBy',
  mebibytes: 'MiBy',
  gibibytes: 'GiBy',
  tebibytes: 'TiBy',
  kilobytes: 'kBy',
  megabytes: 'MBy',
  gigabytes: 'GBy',
  terabytes: 'TBy',
  meters: 'm',
  volts: 'V',
  amperes: 'A',
  joules: 'J',
  watts: 'W',
  grams: 'g',
  celsius: 'Cel',
  hertz: 'Hz',
  ratio: '1',
  percent: '%',
}
