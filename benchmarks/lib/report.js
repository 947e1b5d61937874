import { readFileSync } from 'node:fs'
import { cpus, totalmem } from 'node:os'

/** The report of a benchmark: figures with stable keys, the machine, and the printed form. */

/** The median of some numbers, with their minimum and maximum. */
export function spread(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b)
  const half = Math.floor(sorted.length / 2)
  const value = sorted.length % 2 === 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2
  return { value, min: sorted[0], max: sorted.at(-1) }
}

/** The spread of the ratios of two sides in the same round: a disturbance of a round slows both sides. */
export function ratioOf(ours, theirs) {
  return spread(ours.map((number, round) => number / theirs[round]))
}

/**
 * One figure of a report. A reach is the goal of the project for it.
 * @param {string} what in words
 * @param {{ value: number, min?: number, max?: number }} numbers
 * @param {{ atMost?: number, atLeast?: number }} [reach]
 */
export function figure(what, unit, numbers, reach) {
  const shown = { what, unit, ...mapNumbers(numbers, rounded) }
  if (reach === undefined) return shown
  // The rounded number decides: a reader must not see that 1.05 is more than 1.05.
  const { value } = shown
  const met = reach.atMost === undefined ? value >= reach.atLeast : value <= reach.atMost
  return { ...shown, reach: reach.atMost === undefined ? `>= ${reach.atLeast}` : `<= ${reach.atMost}`, met }
}

/** The machine of the figures, and the versions of the packages that promherd is compared to. */
export function machine(packages = ['prom-client']) {
  const [cpu] = cpus()
  return {
    cpu: cpu?.model ?? 'unknown',
    cores: cpus().length,
    memory_gb: Math.round(totalmem() / 2 ** 30),
    platform: `${process.platform} ${process.arch}`,
    node: process.version,
    ...Object.fromEntries(packages.map(name => [keyOf(name), versionOf(name)])),
  }
}

/** The version of an installed package, whether it exports its manifest or not. */
export function versionOf(name) {
  return JSON.parse(readFileSync(new URL(`../node_modules/${name}/package.json`, import.meta.url), 'utf8')).version
}

/** A package's name as a part of a key. */
export function keyOf(name) {
  return name.replace(/^@/, '').replace(/\W+/g, '_')
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
  return [
    `${benchmark}: ${factsIn(settings)}`,
    factsIn(machine),
    '',
    ...lines,
    '',
    `checks: ${factsIn(checks)}`,
    ...leftOut(checks),
  ].join('\n')
}

/** Facts in one line. */
export function factsIn(object) {
  return Object.entries(object)
    .map(([key, value]) => `${key} ${value}`)
    .join(', ')
}

/** A part that was not measured is stated where no reader overlooks it. */
function leftOut({ left_out: what }) {
  return what === undefined ? [] : ['', `!! LEFT OUT: ${what}`]
}

function mapNumbers(numbers, change) {
  return Object.fromEntries(Object.entries(numbers).map(([key, value]) => [key, change(value)]))
}

function rounded(value) {
  return Number(value.toPrecision(3))
}
