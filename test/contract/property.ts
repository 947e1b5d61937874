import fc from 'fast-check'
import { HARNESSES } from './harnesses/index.ts'
import { KOA_2 } from './harnesses/koa.ts'
import { PRELOAD } from './harnesses/preload.ts'
import { preloadedName } from './harnesses/preloading.ts'
import type { Chapter, Subject } from './law.ts'
import { happens, steps } from './random-exchanges.ts'
import { subjectOf, type World } from './world.ts'

type Use = (subject: Subject<World>) => Promise<void>

/** Koa 2 ends its exchanges as Koa 3 does, and each subject takes several seconds. */
function isVaried({ name }: { readonly name: string }): boolean {
  return name !== KOA_2
}

/** Random sequences for cases without an example. The world of the law is a subject, since each sequence has a new world. */
export const RANDOM_EXCHANGES: Chapter<Subject<World>> = {
  title: 'Random exchanges',
  about:
    'Random sequences of requests, pipelined requests, streams, and clients that disconnect at any point, ' +
    'compared to a model of what must be recorded.',
  subjects: [
    ...HARNESSES.filter(isVaried).map(harness => ({
      name: harness.name,
      within: (use: Use) => use(subjectOf(harness)),
    })),
    ...PRELOAD.filter(isVaried).map(harness => ({
      name: preloadedName(harness.name),
      within: (use: Use) => use(subjectOf(harness)),
    })),
  ],
  laws: [
    {
      sentence: 'every exchange is counted exactly, and none stays in flight',
      timeoutMs: 120_000,
      // A failure names its seed; `{ seed, path }` here repeats it.
      run: subject =>
        fc.assert(
          fc.asyncProperty(steps, all => subject.within(world => happens(world, all))),
          { numRuns: 8, endOnFailure: false, interruptAfterTimeLimit: 60_000, markInterruptAsFailure: true },
        ),
    },
  ],
}
