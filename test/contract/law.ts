import { afterAll, describe, test } from 'vitest'

/**
 * The specification as data: what has to hold, said in a sentence, with what shows that it does. The tests run it, and
 * `docs/laws.md` is made of it.
 */
export interface Law<World> {
  /** What holds, of whatever the law is about. */
  readonly sentence: string
  run(world: World): Promise<void>
  /** How long it may take, in milliseconds. @default what vitest is told */
  readonly timeoutMs?: number
  /** By the name of a subject: what it cannot keep the law for, and what holds there instead. */
  readonly cannot?: Readonly<Record<string, Exception<World>>>
}

/** Why a law is not kept, and what shows what happens instead. */
export interface Exception<World> {
  readonly reason: string
  instead(world: World): Promise<void>
}

/** Something that has to keep laws: an adapter on a version of its framework, and a protocol. */
export interface Subject<World> {
  readonly name: string
  /** Another subject, whose exceptions are those of this one, too, where it has none of its own. */
  readonly like?: string | undefined
  /** Makes a world for one law, lets it be used, and takes it away. */
  within(use: (world: World) => Promise<void>): Promise<void>
  /** Takes away what its laws share, after the last of them. */
  end?(): Promise<void>
}

/** Laws with those who have to keep them. */
export interface Chapter<World> {
  readonly title: string
  /** A few sentences for `docs/laws.md`. */
  readonly about: string
  readonly subjects: readonly Subject<World>[]
  readonly laws: readonly Law<World>[]
}

/** @throws where an exception is for nobody, or two laws have the same sentence. */
function check<World>({ title, subjects, laws }: Chapter<World>): void {
  const names = new Set(subjects.map(({ name }) => name))
  const excused = laws.flatMap(({ cannot }) => Object.keys(cannot ?? {}))
  const unknown = excused.find(name => !names.has(name))
  if (unknown !== undefined)
    throw new Error(`Expected one of ${[...names].join(', ')} in ${title}, but got ${unknown}.`)
  if (new Set(laws.map(({ sentence }) => sentence)).size < laws.length) {
    throw new Error(`Expected each law of ${title} to be said once.`)
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

/** The number of a note: those who have the same reason share it. */
function noteOf(reasons: string[], reason: string): string {
  if (!reasons.includes(reason)) reasons.push(reason)
  return `(${reasons.indexOf(reason) + 1})`
}
