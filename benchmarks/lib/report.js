import { createRequire } from 'node:module'
import { cpus, totalmem } from 'node:os'

/** How results are told: as a table for people, as JSON with stable keys for programs. */

/** The median of some numbers, with the least and the most of them. */
export function spread(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b)
  const half = Math.floor(sorted.length / 2)
  const value = sorted.length % 2 === 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2
  return { value, min: sorted[0], max: sorted.at(-1) }
}

/**
 * One figure of a report. A reach is what the project wants of it.
 * @param {string} what in words
 * @param {{ value: number, min?: number, max?: number }} numbers
 * @param {{ atMost?: number, atLeast?: number }} [reach]
 */
export function figure(what, unit, numbers, reach) {
  const told = { what, unit, ...mapNumbers(numbers, rounded) }
  if (reach === undefined) return told
  const met = reach.atMost === undefined ? numbers.value >= reach.atLeast : numbers.value <= reach.atMost
  return { ...told, reach: reach.atMost === undefined ? `>= ${reach.atLeast}` : `<= ${reach.atMost}`, met }
}

/** What the figures were measured on. */
export function machine() {
  const promClient = createRequire(import.meta.url)('prom-client/package.json').version
  const [cpu] = cpus()
  return {
    cpu: cpu?.model ?? 'unknown',
    cores: cpus().length,
    memory_gb: Math.round(totalmem() / 2 ** 30),
    platform: `${process.platform} ${process.arch}`,
    node: process.version,
    prom_client: promClient,
  }
}

/** The report as lines of text. */
export function table({ benchmark, machine, settings, figures, checks }) {
  const rows = Object.entries(figures).map(([key, { what, unit, value, min, max, reach, met }]) => [
    key,
    `${value} ${unit}`.trim(),
    min === undefined ? '' : `${min} to ${max}`,
    reach === undefined ? '' : `${reach}: ${met ? 'met' : 'NOT MET'}`,
    what,
  ])
  const all = [['figure', 'median', 'min to max', 'reach', 'what it is'], ...rows]
  const widths = all[0].map((_, column) => Math.max(...all.map(row => row[column].length)))
  const lines = all.map(row =>
    row
      .map((cell, column) => cell.padEnd(widths[column]))
      .join('  ')
      .trimEnd(),
  )
  const facts = object =>
    Object.entries(object)
      .map(([key, value]) => `${key} ${value}`)
      .join(', ')
  return [`${benchmark}: ${facts(settings)}`, facts(machine), '', ...lines, '', `checks: ${facts(checks)}`].join('\n')
}

function mapNumbers(numbers, change) {
  return Object.fromEntries(Object.entries(numbers).map(([key, value]) => [key, change(value)]))
}

function rounded(value) {
  return Number(value.toPrecision(3))
}
