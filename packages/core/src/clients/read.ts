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

/** Reads the metrics of registries, each by itself where the registry lets us, and waits for none too long. */

/** What came of reading one metric. */
export interface Answer {
  /** The metric, or undefined where the registry had to be read as a whole. */
  readonly metric: object | undefined
  readonly name: string | undefined
  /** Undefined where it has not answered in time, or failed. */
  readonly readings: readonly LabelledReading[] | undefined
  readonly failure: string | undefined
}

/** Reads everything once. Resolves when all have answered, or after `deadlineMs`. Never rejects. */
export async function readAll(registries: readonly PromRegistry[], deadlineMs: number): Promise<readonly Answer[]> {
  const seen = new Set<object>()
  const questions = registries.flatMap(registry => questionsOf(registry, seen))
  const answers = questions.map(unanswered)
  const all = questions.map(async ({ ask }, i) => {
    try {
      answers[i] = { ...answers[i]!, readings: await ask(), failure: undefined }
    } catch (error) {
      answers[i] = { ...answers[i]!, failure: `failed: ${String(error)}` }
    }
  })
  await withinDeadline(Promise.all(all), deadlineMs)
  // A late answer belongs to no round any more.
  return answers.slice()

  function unanswered({ metric, name }: Question): Answer {
    return { metric, name, readings: undefined, failure: `did not answer within ${deadlineMs} ms` }
  }
}

interface Question {
  readonly metric: object | undefined
  readonly name: string | undefined
  readonly ask: () => Promise<readonly LabelledReading[]>
}

function questionsOf(registry: PromRegistry, seen: Set<object>): Question[] {
  const defaults = defaultLabelsOf(registry)
  const openMetrics = isOpenMetrics(registry)
  const label = (reading: PromReading, labelNames: readonly string[] | undefined): LabelledReading => {
    return { name: nameIn(reading, openMetrics), reading, labelNames, defaults }
  }
  if (registry.getMetricsAsArray === undefined) {
    const ask = async (): Promise<LabelledReading[]> => {
      const readings = (await registry.getMetricsAsJSON()).filter(each => !(EXPOSED in each))
      return readings.map(reading => label(reading as PromReading, undefined))
    }
    return [{ metric: undefined, name: undefined, ask }]
  }
  const questions: Question[] = []
  for (const metric of registry.getMetricsAsArray()) {
    if (EXPOSED in metric || !isMetric(metric) || seen.has(metric)) continue
    seen.add(metric)
    const ask = async (): Promise<LabelledReading[]> => [label(await read(metric), labelNamesOf(metric))]
    questions.push({ metric, name: String(metric.name), ask })
  }
  return questions
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
