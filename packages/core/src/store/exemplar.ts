/** One observation with labels that link to more about it: usually the id of a trace. */
export interface Exemplar {
  readonly labels: readonly ExemplarLabel[]
  readonly value: number
  /** Unix seconds. */
  readonly timestamp: number
}

export type ExemplarLabel = readonly [name: string, value: string]

/** An exemplar and its series. Its bucket follows from its value. */
export interface StoredExemplar {
  readonly family: string
  readonly series: readonly string[]
  readonly exemplar: Exemplar
}

/** The maximum number of exemplars in a store: the newest are kept. */
export const MAX_EXEMPLARS = 1000
/** The maximum size of a store's exemplars file. */
export const MAX_EXEMPLAR_BYTES: number = 2 ** 20

/** Creates an exemplar. Returns undefined if OpenMetrics does not allow these parts. */
export function exemplarOf(labels: readonly ExemplarLabel[], value: unknown, timestamp: unknown): Exemplar | undefined {
  if (!isFiniteNumber(value) || !isFiniteNumber(timestamp) || timestamp <= 0 || timestamp > LATEST) return undefined
  const names = new Set<string>()
  let length = 0
  for (const [name, text] of labels) {
    if (!LABEL_NAME.test(name)) return undefined
    names.add(name)
    length += lengthOf(name) + lengthOf(text)
  }
  if (names.size !== labels.length || names.size === 0 || length > MAX_LENGTH) return undefined
  return { labels, value, timestamp }
}

/** One line of an exemplars file, without the line break. */
export function encodeExemplar({ family, series, exemplar }: StoredExemplar): string {
  return JSON.stringify([family, series, exemplar.labels, exemplar.value, exemplar.timestamp])
}

/** Decodes such a line. Returns undefined if it is damaged. */
export function decodeExemplar(line: string): StoredExemplar | undefined {
  const [family, series, labels, value, timestamp] = partsOf(line)
  if (typeof family !== 'string' || !isTexts(series) || !isLabels(labels)) return undefined
  const exemplar = exemplarOf(labels, value, timestamp)
  return exemplar && { family, series, exemplar }
}

function partsOf(line: string): readonly unknown[] {
  try {
    const parts: unknown = JSON.parse(line)
    return Array.isArray(parts) ? parts : []
  } catch {
    return []
  }
}

function isLabels(value: unknown): value is ExemplarLabel[] {
  return Array.isArray(value) && value.every(pair => isTexts(pair) && pair.length === 2)
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every(each => typeof each === 'string')
}

function isFiniteNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value)
}

/** The number of Unicode characters in a string, in which two UTF-16 units may be one character. */
function lengthOf(text: string): number {
  let length = 0
  for (const _ of text) length++
  return length
}

const LABEL_NAME = /^[a-zA-Z_][a-zA-Z0-9_]*$/
/** The maximum length of all names and values of a label set, in characters, as OpenMetrics requires. */
const MAX_LENGTH = 128
/** The year 5138: a larger number is not in seconds. */
const LATEST = 1e11
