import {
  defaultLabelsOf,
  EXPOSED,
  isMetric,
  isOpenMetrics,
  type PromMetric,
  type PromReading,
  type PromRegistry,
} from './registry.ts'
import type { LabelledReading } from './shape.ts'

/** What came of reading one metric, or one registry as a whole. */
export interface Answer {
  /** The metric, or the registry where that had to be read as a whole. */
  readonly origin: object
  readonly registry: PromRegistry
  readonly name: string | undefined
  /** Undefined where it has not answered in time, or failed. */
  readonly readings: readonly LabelledReading[] | undefined
  readonly failure: string | undefined
}

/**
 * Reads the metrics of registries, each by itself where the registry lets us, and waits for none too long.
 *
 * One that has missed the deadline is hardly waited for again before it has answered. What it answers late is its
 * answer in the next round, if it misses that one too: so a slow metric is served, a little old.
 */
export class RegistryReader {
  readonly #deadlineMs: number
  #slow = new Set<object>()
  #late = new Map<object, readonly LabelledReading[]>()

  constructor(deadlineMs: number) {
    this.#deadlineMs = deadlineMs
  }

  /** Reads everything once. Resolves when all have answered, or after the deadline. Never rejects. */
  async readAll(registries: readonly PromRegistry[]): Promise<readonly Answer[]> {
    const seen = new Set<object>()
    const questions = registries.flatMap(registry => questionsOf(registry, seen))
    const patient: Promise<void>[] = []
    const impatient: Promise<void>[] = []
    for (const question of questions) {
      const heard = this.#hear(question)
      if (this.#slow.has(question.origin)) impatient.push(heard)
      else patient.push(heard)
    }
    await Promise.all([
      withinDeadline(Promise.all(patient), this.#deadlineMs),
      withinDeadline(Promise.all(impatient), Math.min(GRACE_MS, this.#deadlineMs)),
    ])
    this.#close(questions)
    return questions
  }

  async #hear(question: Question): Promise<void> {
    await question.ask()
    if (!question.isOver) return
    this.#slow.delete(question.origin)
    if (question.late !== undefined) this.#late.set(question.origin, question.late)
  }

  /** Ends a round: those that have not answered give what they said late of the round before. */
  #close(questions: readonly Question[]): void {
    const late = this.#late
    this.#late = new Map()
    this.#slow = new Set()
    for (const question of questions) {
      question.isOver = true
      if (question.readings !== undefined || question.failure !== undefined) continue
      this.#slow.add(question.origin)
      question.readings = late.get(question.origin)
      question.failure = `did not answer within ${this.#deadlineMs} ms`
    }
  }
}

/** How long a metric is waited for that has missed the deadline before: enough for one that answers at once. */
const GRACE_MS = 20

/** One thing that is asked for in a round, and its answer. */
class Question implements Answer {
  readonly origin: object
  readonly registry: PromRegistry
  readonly name: string | undefined
  readonly #read: () => Promise<readonly LabelledReading[]>
  readings: readonly LabelledReading[] | undefined = undefined
  failure: string | undefined = undefined
  /** True once the round has ended: what comes now is late. */
  isOver = false
  late: readonly LabelledReading[] | undefined = undefined

  constructor(
    origin: object,
    registry: PromRegistry,
    name: string | undefined,
    read: () => Promise<readonly LabelledReading[]>,
  ) {
    this.origin = origin
    this.registry = registry
    this.name = name
    this.#read = read
  }

  /** Waits for the answer. Never rejects. */
  async ask(): Promise<void> {
    try {
      const readings = await this.#read()
      if (this.isOver) this.late = readings
      else this.readings = readings
    } catch (error) {
      if (!this.isOver) this.failure = `failed: ${String(error)}`
    }
  }
}

function questionsOf(registry: PromRegistry, seen: Set<object>): Question[] {
  try {
    return registry.getMetricsAsArray === undefined ? [wholeQuestion(registry)] : metricQuestions(registry, seen)
  } catch (error) {
    return [new Question(registry, registry, undefined, () => Promise.reject(error))]
  }
}

function wholeQuestion(registry: PromRegistry): Question {
  const label = labeller(registry)
  return new Question(registry, registry, undefined, async () => {
    const readings = (await registry.getMetricsAsJSON()).filter(each => !(EXPOSED in each))
    return readings.map(reading => label(reading as PromReading, undefined))
  })
}

function metricQuestions(registry: PromRegistry, seen: Set<object>): Question[] {
  const label = labeller(registry)
  const questions: Question[] = []
  for (const metric of registry.getMetricsAsArray?.() ?? []) {
    if (EXPOSED in metric || !isMetric(metric) || seen.has(metric)) continue
    seen.add(metric)
    const ask = async (): Promise<LabelledReading[]> => [label(await read(metric), labelNamesOf(metric))]
    questions.push(new Question(metric, registry, String(metric.name), ask))
  }
  return questions
}

type Labeller = (reading: PromReading, labelNames: readonly unknown[] | undefined) => LabelledReading

function labeller(registry: PromRegistry): Labeller {
  const defaults = defaultLabelsOf(registry)
  const openMetrics = isOpenMetrics(registry)
  return (reading, labelNames) => ({ name: nameIn(reading, openMetrics), reading, labelNames, defaults })
}

function read(metric: PromMetric): Promise<PromReading> | PromReading {
  // What prom-client itself renders from: the same numbers, without a copy of the labels for each bucket.
  return metric.getForPromString === undefined ? metric.get() : metric.getForPromString()
}

function labelNamesOf({ labelNames }: PromMetric): readonly unknown[] | undefined {
  return Array.isArray(labelNames) ? labelNames : undefined
}

/** The name as it is served: prom-client takes `_total` from counters for OpenMetrics, and adds it when rendering. */
function nameIn({ name, type }: PromReading, openMetrics: boolean): string {
  return openMetrics && type === 'counter' && !name.endsWith('_total') ? `${name}_total` : name
}

async function withinDeadline(work: Promise<unknown>, deadlineMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<void>(resolve => {
    timer = setTimeout(resolve, deadlineMs)
  })
  await Promise.race([work, late])
  clearTimeout(timer)
}
