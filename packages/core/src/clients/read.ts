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
  readonly registry: object
  /** True for an answer that is about all that the registry has. */
  readonly isOfAll: boolean
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
  readonly #slow = new WeakSet<object>()
  readonly #late = new WeakMap<object, readonly LabelledReading[]>()

  constructor(deadlineMs: number) {
    this.#deadlineMs = deadlineMs
  }

  /** Reads everything once. Resolves when all have answered, or after the deadline. Never rejects. */
  async readAll(registries: readonly PromRegistry[]): Promise<readonly Answer[]> {
    const seen = new Set<object>()
    const questions = registries.flatMap(registry => questionsOf(registry, seen))
    const answers: Answer[] = questions.map(({ about }) => ({ ...about, readings: undefined, failure: undefined }))
    const patient: Promise<void>[] = []
    const impatient: Promise<void>[] = []
    let isOver = false
    questions.forEach(({ about, ask }, i) => {
      const answered = this.#hear(ask, (readings, failure) => {
        this.#slow.delete(about.origin)
        if (!isOver) answers[i] = { ...about, readings, failure }
        else if (readings !== undefined) this.#late.set(about.origin, readings)
      })
      const waiting = this.#slow.has(about.origin) ? impatient : patient
      waiting.push(answered)
    })
    await Promise.all([
      withinDeadline(Promise.all(patient), this.#deadlineMs),
      withinDeadline(Promise.all(impatient), Math.min(GRACE_MS, this.#deadlineMs)),
    ])
    isOver = true
    return answers.map(answer => this.#orLate(answer))
  }

  async #hear(ask: Ask, tell: (readings: Readings, failure: string | undefined) => void): Promise<void> {
    try {
      tell(await ask(), undefined)
    } catch (error) {
      tell(undefined, `failed: ${String(error)}`)
    }
  }

  #orLate(answer: Answer): Answer {
    const late = this.#late.get(answer.origin)
    this.#late.delete(answer.origin)
    if (answer.readings !== undefined || answer.failure !== undefined) return answer
    this.#slow.add(answer.origin)
    return { ...answer, readings: late, failure: `did not answer within ${this.#deadlineMs} ms` }
  }
}

/** How long a metric is waited for that has missed the deadline before: enough for one that answers at once. */
const GRACE_MS = 20

type Readings = readonly LabelledReading[] | undefined
type Ask = () => Promise<readonly LabelledReading[]>

interface Question {
  readonly about: Pick<Answer, 'origin' | 'registry' | 'isOfAll' | 'name'>
  readonly ask: Ask
}

function questionsOf(registry: PromRegistry, seen: Set<object>): Question[] {
  try {
    return registry.getMetricsAsArray === undefined ? [wholeQuestion(registry)] : metricQuestions(registry, seen)
  } catch (error) {
    const about = { origin: registry, registry, isOfAll: true, name: undefined }
    return [{ about, ask: () => Promise.reject(error) }]
  }
}

function wholeQuestion(registry: PromRegistry): Question {
  const about = { origin: registry, registry, isOfAll: true, name: undefined }
  const label = labeller(registry)
  const ask = async (): Promise<LabelledReading[]> => {
    const readings = (await registry.getMetricsAsJSON()).filter(each => !(EXPOSED in each))
    return readings.map(reading => label(reading as PromReading, undefined))
  }
  return { about, ask }
}

function metricQuestions(registry: PromRegistry, seen: Set<object>): Question[] {
  const label = labeller(registry)
  const questions: Question[] = []
  for (const metric of registry.getMetricsAsArray?.() ?? []) {
    if (EXPOSED in metric || !isMetric(metric) || seen.has(metric)) continue
    seen.add(metric)
    const about = { origin: metric, registry, isOfAll: false, name: String(metric.name) }
    questions.push({ about, ask: async () => [label(await read(metric), labelNamesOf(metric))] })
  }
  return questions
}

function labeller(
  registry: PromRegistry,
): (reading: PromReading, labelNames: readonly string[] | undefined) => LabelledReading {
  const defaults = defaultLabelsOf(registry)
  const openMetrics = isOpenMetrics(registry)
  return (reading, labelNames) => ({ name: nameIn(reading, openMetrics), reading, labelNames, defaults })
}

function read(metric: PromMetric): Promise<PromReading> | PromReading {
  // What prom-client itself renders from: the same numbers, without a copy of the labels for each bucket.
  return metric.getForPromString === undefined ? metric.get() : metric.getForPromString()
}

function labelNamesOf({ labelNames }: PromMetric): readonly string[] | undefined {
  return Array.isArray(labelNames) ? labelNames.map(String) : undefined
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
