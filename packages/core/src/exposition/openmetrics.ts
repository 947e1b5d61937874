import type { Family, Snapshot } from '../snapshot/snapshot.ts'
import { numberText } from './byte-writer.ts'
import { Encoder, type FamilyText } from './encoder.ts'
import { type LineFormat, sectionsOf } from './sample-lines.ts'

/** OpenMetrics text, version 1.0.0 (https://prometheus.io/docs/specs/om/open_metrics_spec/), with exemplars. */
export const OPENMETRICS_CONTENT_TYPE = 'application/openmetrics-text; version=1.0.0; charset=utf-8'

/** Encodes snapshots as OpenMetrics. Each sample has the same name as in the Prometheus text format. */
export class OpenMetricsEncoder extends Encoder {
  constructor() {
    super(familyTexts)
  }
}

function* familyTexts({ families }: Snapshot): Generator<FamilyText> {
  const names = new Set(families.map(({ name }) => name))
  for (const family of families) {
    const { name, type } = titleOf(family, names)
    const unit = unitOf(name)
    const unitLine = unit === undefined ? '' : `# UNIT ${name} ${unit}\n`
    const head = `# TYPE ${name} ${type}\n${unitLine}# HELP ${name} ${escapeHelp(family.help)}\n`
    const format = type === 'counter' || type === 'histogram' ? WITH_EXEMPLARS : WITHOUT_EXEMPLARS
    yield { head, sections: sectionsOf(family, format) }
  }
  yield { head: '# EOF\n', sections: [] }
}

/**
 * The name and type of a family. In OpenMetrics a counter `x` has samples `x_total`. A counter with another ending, or
 * whose name without the ending belongs to another family, gets the type `unknown`, which may have any name, because
 * its series must have the same names in both formats.
 */
function titleOf({ name, type }: Family, names: ReadonlySet<string>): { name: string; type: string } {
  if (type === 'untyped') return { name, type: 'unknown' }
  if (type !== 'counter') return { name, type }
  const title = name.slice(0, -TOTAL.length)
  const isFree = title !== '' && !names.has(title) && !names.has(`${title}_created`)
  return name.endsWith(TOTAL) && isFree ? { name: title, type } : { name, type: 'unknown' }
}

const TOTAL = '_total'

/** The unit of a family by its name, which must end with it. */
function unitOf(title: string): string | undefined {
  return UNITS.find(unit => title.endsWith(`_${unit}`))
}

/** The base units that names contain by Prometheus's conventions. */
const UNITS = ['seconds', 'bytes', 'ratio']

/** A bound in the notation that OpenMetrics requires, since it is part of a series' name: `1.0`, `1e-05`, `1e+06`. */
function canonical(value: number): string {
  if (!Number.isFinite(value)) return numberText(value)
  const [digits = '', exponent = '0'] = value.toExponential().split('e')
  const power = Number(exponent)
  if (power < -4 || power >= 6) return `${digits}e${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`
  return Number.isInteger(value) ? `${value}.0` : String(value)
}

const WITH_EXEMPLARS: LineFormat = { bound: canonical, exemplars: true }
const WITHOUT_EXEMPLARS: LineFormat = { bound: canonical, exemplars: false }

function escapeHelp(help: string): string {
  return help.replace(/[\\"\n]/g, char => (char === '\n' ? '\\n' : `\\${char}`))
}
