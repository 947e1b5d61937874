import { afterAll, describe, test } from 'vitest'

/**
 * The specification as data: each law is a sentence with a function that tests it. The tests run it, and `docs/laws.md`
 * is generated from it.
 */
export interface Law<World> {
  /** The law as a sentence. */
  readonly sentence: string
  run(world: World): Promise<void>
  /** The timeout of the test in milliseconds. @default the configuration of vitest */
  readonly timeoutMs?: number
  /** By the name of a subject: the reason why the law does not hold there, and what happens instead. */
  readonly cannot?: Readonly<Record<string, Exception<World>>>
}

/** The reason why a law does not hold, and the test of what happens instead. */
export interface Exception<World> {
  readonly reason: string
  instead(world: World): Promise<void>
}

/** A subject of laws: an adapter on a version of its framework, and a protocol. */
export interface Subject<World> {
  readonly name: string
  /** Another subject, whose exceptions also apply to this one if it has none itself. */
  readonly like?: string | undefined
  /** Creates a world for one law, calls `use` with it, and removes it. */
  within(use: (world: World) => Promise<void>): Promise<void>
  /** Removes the shared state of its laws, after the last one. */
  end?(): Promise<void>
}

/** Laws with their subjects. */
export interface Chapter<World> {
  readonly title: string
  /** A few sentences for `docs/laws.md`. */
  readonly about: string
  readonly subjects: readonly Subject<World>[]
  readonly laws: readonly Law<World>[]
}

/** @throws if an exception is for an unknown subject, or two laws have the same sentence. */
function check<World>({ title, subjects, laws }: Chapter<World>): void {
  const names = new Set(subjects.map(({ name }) => name))
  const excused = laws.flatMap(({ cannot }) => Object.keys(cannot ?? {}))
  const unknown = excused.find(name => !names.has(name))
  if (unknown !== undefined)
    throw new Error(`Expected one of ${[...names].join(', ')} in ${title}, but got ${unknown}.`)
  if (new Set(laws.map(({ sentence }) => sentence)).size < laws.length) {
    throw new Error(`Expected each law of ${title} to have its own sentence.`)
  }
}

/** Registers a test for each law and subject; an exception is tested like a law. */
export function keeps<World>(chapter: Chapter<World>): void {
  check(chapter)
  describe.each(chapter.subjects.map(subject => [subject.name, subject] as const))(
    `${chapter.title}: %s`,
    (_name, subject) => {
      if (subject.end !== undefined) afterAll(() => subject.end!())
      for (const law of chapter.laws) {
        const exception = exceptionOf(law, subject)
        const run = exception === undefined ? law.run : exception.instead
        const name = exception === undefined ? law.sentence : `cannot: ${law.sentence}`
        test(name, () => subject.within(world => run(world)), law.timeoutMs)
      }
    },
  )
}

/** The chapter as Markdown: a row for each law, a column for each subject. */
export function pageOf<World>({ title, about, subjects, laws }: Chapter<World>): string {
  const reasons: string[] = []
  const rows = laws.map(law => {
    const cells = subjects.map(subject => {
      const exception = exceptionOf(law, subject)
      return exception === undefined ? '✓' : `cannot ${noteOf(reasons, exception.reason)}`
    })
    return `| ${[law.sentence.replaceAll('|', '\\|'), ...cells].join(' | ')} |`
  })
  const head = ['law', ...subjects.map(({ name }) => name)]
  const table = [`| ${head.join(' | ')} |`, `| ${head.map(() => '---').join(' | ')} |`, ...rows]
  const notes = reasons.map((reason, i) => `${i + 1}. ${reason}`)
  return [`## ${title}`, about, table.join('\n'), ...(notes.length === 0 ? [] : [notes.join('\n')])].join('\n\n')
}

function exceptionOf<World>({ cannot }: Law<World>, { name, like }: Subject<World>): Exception<World> | undefined {
  return cannot?.[name] ?? (like === undefined ? undefined : cannot?.[like])
}

/** The number of a note. Subjects with the same reason share it. */
function noteOf(reasons: string[], reason: string): string {
  if (!reasons.includes(reason)) reasons.push(reason)
  return `(${reasons.indexOf(reason) + 1})`
}
