import type { EffectiveSetting, Setting } from '@promherd/core/config'
import type { Paint } from '../common/paint.ts'
import type { Finding } from './finding.ts'

/** The results of `promherd check`. */
export interface Report {
  readonly version: string
  /** The source of the configuration, as a phrase. */
  readonly file: string
  readonly settings: readonly EffectiveSetting[]
  readonly findings: readonly Finding[]
  /** What `promherd start` would do, one sentence each. */
  readonly plan: readonly string[]
}

export interface ReportOptions {
  /** Sentences are wrapped to this width; never if it is infinite. */
  readonly width: number
  readonly paint: Paint
}

/** The report as lines of text. */
export function reportOf({ version, file, settings, findings, plan }: Report, { width, paint }: ReportOptions): string {
  const isGood = findings.every(({ level }) => level !== 'bad')
  const sections = [
    paint.bold(`promherd ${version}`),
    [paint.bold('Settings'), `  ${paint.dim(file)}`, ...settingLines(settings, paint)].join('\n'),
    [paint.bold('Environment'), ...findingLines(findings, width, paint)].join('\n'),
    ...(plan.length === 0 ? [] : [[paint.bold('promherd start would'), ...plan.map(line => `  ${line}`)].join('\n')]),
    isGood ? paint.good('No problems were found.') : paint.bad('Problems were found: see the lines with ✗.'),
  ]
  return `${sections.join('\n\n')}\n`
}

function settingLines(settings: readonly EffectiveSetting[], paint: Paint): string[] {
  const keys = Math.max(...settings.map(({ key }) => key.length))
  const values = Math.max(...settings.map(({ value }) => shown(value).length))
  return settings.map(({ key, value, origin, source, overridden }) => {
    const from = source === 'default' ? paint.dim(origin) : origin
    const line = `  ${key.padEnd(keys)}  ${paint.accent(shown(value).padEnd(values))}  ${from}`
    const indent = ' '.repeat(keys + values + 6)
    const others = overridden.filter(other => other.source !== 'default')
    return [line, ...others.map(other => `${indent}${paint.warn(`ignored: ${described(other)}`)}`)].join('\n')
  })
}

function described({ origin, value }: Setting): string {
  return `${origin} (${shown(value)})`
}

/** The maximum length: the beginning is enough to recognise a list of buckets. */
const MOST = 32

function shown(value: unknown): string {
  const text = typeof value === 'function' ? 'a function' : typeof value === 'string' ? value : asJson(value)
  return text.length <= MOST ? text : `${text.slice(0, MOST - 1)}…`
}

function asJson(value: unknown): string {
  try {
    return JSON.stringify(value) ?? String(value)
  } catch {
    return 'an object'
  }
}

function findingLines(findings: readonly Finding[], width: number, paint: Paint): string[] {
  const column = Math.max(...findings.map(({ subject }) => subject.length))
  const marks = { good: paint.good('✓'), note: paint.warn('!'), bad: paint.bad('✗') }
  const indent = column + 6
  return findings.map(({ level, subject, text }) => {
    const sentence = wrapped(text, width - indent).join(`\n${' '.repeat(indent)}`)
    return `  ${marks[level]} ${subject.padEnd(column)}  ${sentence}`
  })
}

/** Wraps a text to this width, as far as its words allow. */
function wrapped(text: string, width: number): string[] {
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const longer = `${lines.at(-1)} ${word}`
    if (lines.length > 0 && longer.length <= width) lines[lines.length - 1] = longer
    else lines.push(word)
  }
  return lines
}
