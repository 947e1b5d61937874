import { within } from '../within.ts'
import { AtOnceReader } from './at-once.ts'
import { Origin } from './origin.ts'
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
  /** What was asked: a metric, or a registry as a whole. */
  readonly origin: Origin
  readonly registry: PromRegistry
  /** The metric's; undefined for a registry. */
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
  readonly #atOnce = new AtOnceReader()
  readonly #origins = new WeakMap<object, Origin>()
  #rounds = 0
  #slow = new Set<Origin>()
  #late = new Map<Origin, readonly LabelledReading[]>()

  constructor(deadlineMs: number) {
    this.#deadlineMs = deadlineMs
  }

  /** How many rounds there were. */
  get rounds(): number {
    return this.#rounds
  }

  /** Reads everything once. Resolves when all have answered, or after the deadline. Never rejects. */
  async readAll(registries: readonly PromRegistry[]): Promise<readonly Answer[]> {
    this.#rounds++
    const asked = new Asked()
    const answers: Answer[] = []
    for (const registry of registries) for (const answer of this.#look(registry, asked)) answers.push(answer)
    await Promise.all([
      answered(asked.patient, this.#deadlineMs),
      answered(asked.impatient, Math.min(GRACE_MS, this.#deadlineMs)),
    ])
    this.#close(asked.questions)
    return answers
  }

  /** True where a registry as a whole was there to be asked in this round. */
  isAsked(registry: object): boolean {
    return this.#origins.get(registry)?.round === this.#rounds
  }

  /**
   * Reads what there is in a registry, each in its turn, since the `collect()` of one may set those that come after it.
   * What does not answer at once is asked, and noted.
   */
  #look(registry: PromRegistry, asked: Asked): Answer[] {
    try {
      return registry.getMetricsAsArray === undefined
        ? [this.#askWhole(registry, asked)]
        : this.#lookAtMetrics(registry, registry.getMetricsAsArray(), asked)
    } catch (error) {
      return [this.#ask(new Question(this.#begin(registry), registry, undefined, () => Promise.reject(error)), asked)]
    }
  }

  #lookAtMetrics(registry: PromRegistry, metrics: readonly object[], asked: Asked): Answer[] {
    const label = labeller(registry)
    const answers: Answer[] = []
    for (const metric of metrics) {
      if (EXPOSED in metric || !isMetric(metric)) continue
      const origin = this.#originOf(metric)
      // Another registry has it too.
      if (origin.round === this.#rounds) continue
      origin.begin(this.#rounds)
      const name = String(metric.name)
      const reading = this.#atOnce.read(metric)
      if (reading === undefined) {
        const read = async (): Promise<LabelledReading[]> => [
          label(await this.#atOnce.ask(metric), labelNamesOf(metric)),
        ]
        answers.push(this.#ask(new Question(origin, registry, name, read), asked))
      } else {
        answers.push({ origin, registry, name, readings: [label(reading, labelNamesOf(metric))], failure: undefined })
      }
    }
    return answers
  }

  #askWhole(registry: PromRegistry, asked: Asked): Question {
    const label = labeller(registry)
    const read = async (): Promise<LabelledReading[]> => {
      const readings = (await registry.getMetricsAsJSON()).filter(each => !(EXPOSED in each))
      return readings.map(reading => label(reading as PromReading, undefined))
    }
    return this.#ask(new Question(this.#begin(registry), registry, undefined, read), asked)
  }

  #ask(question: Question, { questions, patient, impatient }: Asked): Question {
    questions.push(question)
    const heard = this.#hear(question)
    if (this.#slow.has(question.origin)) impatient.push(heard)
    else patient.push(heard)
    return question
  }

  #begin(asked: object): Origin {
    const origin = this.#originOf(asked)
    origin.begin(this.#rounds)
    return origin
  }

  #originOf(asked: object): Origin {
    let origin = this.#origins.get(asked)
    if (origin === undefined) {
      origin = new Origin()
      this.#origins.set(asked, origin)
    }
    return origin
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

/** What is asked in a round, and who is waited for how long. */
class Asked {
  readonly questions: Question[] = []
  readonly patient: Promise<void>[] = []
  readonly impatient: Promise<void>[] = []
}

/** One thing that is asked for in a round, and its answer. */
class Question implements Answer {
  readonly origin: Origin
  readonly registry: PromRegistry
  readonly name: string | undefined
  readonly #read: () => Promise<readonly LabelledReading[]>
  readings: readonly LabelledReading[] | undefined = undefined
  failure: string | undefined = undefined
  /** True once the round has ended: what comes now is late. */
  isOver = false
  late: readonly LabelledReading[] | undefined = undefined

  constructor(
    origin: Origin,
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

type Labeller = (reading: PromReading, labelNames: readonly unknown[] | undefined) => LabelledReading

function labeller(registry: PromRegistry): Labeller {
  const defaults = defaultLabelsOf(registry)
  const openMetrics = isOpenMetrics(registry)
  return (reading, labelNames) => ({ name: nameIn(reading, openMetrics), reading, labelNames, defaults })
}

function labelNamesOf({ labelNames }: PromMetric): readonly unknown[] | undefined {
  return Array.isArray(labelNames) ? labelNames : undefined
}

/** The name as it is served: prom-client takes `_total` from counters for OpenMetrics, and adds it when rendering. */
function nameIn({ name, type }: PromReading, openMetrics: boolean): string {
  return openMetrics && type === 'counter' && !name.endsWith('_total') ? `${name}_total` : name
}

/** Where nobody is asked no timer is made. */
async function answered(asked: readonly Promise<void>[], deadlineMs: number): Promise<void> {
  if (asked.length > 0) await within(deadlineMs, Promise.all(asked))
}
