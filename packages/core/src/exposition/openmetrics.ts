import type { Family, Snapshot } from '../snapshot/snapshot.ts'
import { numberText } from './draft.ts'
import { Encoder, type Section } from './encoder.ts'
import { partsOf, type Words } from './lines.ts'

/** OpenMetrics text, version 1.0.0 (https://prometheus.io/docs/specs/om/open_metrics_spec/), with exemplars. */
export const OPENMETRICS_CONTENT_TYPE = 'application/openmetrics-text; version=1.0.0; charset=utf-8'

/** Encodes snapshots as that text. Each sample has the name that it has in the other format. */
export class OpenMetricsEncoder extends Encoder {
  constructor() {
    super(sectionsOf)
  }
}

function* sectionsOf({ families }: Snapshot): Generator<Section> {
  const names = new Set(families.map(({ name }) => name))
  for (const family of families) {
    const { name, type } = titleOf(family, names)
    const unit = unitOf(name)
    const unitLine = unit === undefined ? '' : `# UNIT ${name} ${unit}\n`
    const head = `# TYPE ${name} ${type}\n${unitLine}# HELP ${name} ${escapeHelp(family.help)}\n`
    const words = type === 'counter' || type === 'histogram' ? WITH_EXEMPLARS : WITHOUT_EXEMPLARS
    yield { head, parts: partsOf(family, words) }
  }
  yield { head: '# EOF\n', parts: [] }
}

/**
 * What a family is called. Here a counter `x` has samples `x_total`: one whose name ends otherwise, or meets another's
 * without its ending, is of the type that may have any name, since its series are not to be others in this format.
 */
function titleOf({ name, type }: Family, names: ReadonlySet<string>): { name: string; type: string } {
  if (type === 'untyped') return { name, type: 'unknown' }
  if (type !== 'counter') return { name, type }
  const title = name.slice(0, -TOTAL.length)
  const isFree = title !== '' && !names.has(title) && !names.has(`${title}_created`)
  return name.endsWith(TOTAL) && isFree ? { name: title, type } : { name, type: 'unknown' }
}

const TOTAL = '_total'

/** The unit that a family has by its name, as its title is to end with it. */
function unitOf(title: string): string | undefined {
  return UNITS.find(unit => title.endsWith(`_${unit}`))
}

/** Base units that Prometheus's conventions have in names. */
const UNITS = ['seconds', 'bytes', 'ratio']

/** A bound as all exposers are to write it, since it is part of a series' name: `1.0`, `1e-05`, `1e+06`. */
function canonical(value: number): string {
  if (!Number.isFinite(value)) return numberText(value)
  const [digits = '', exponent = '0'] = value.toExponential().split('e')
  const power = Number(exponent)
  if (power < -4 || power >= 6) return `${digits}e${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`
  return Number.isInteger(value) ? `${value}.0` : String(value)
}

const WITH_EXEMPLARS: Words = { bound: canonical, exemplars: true }
const WITHOUT_EXEMPLARS: Words = { bound: canonical, exemplars: false }

function escapeHelp(help: string): string {
  return help.replace(/[\\"\n]/g, char => (char === '\n' ? '\\n' : `\\${char}`))
}
