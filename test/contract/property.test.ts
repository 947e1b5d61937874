import fc from 'fast-check'
import { test } from 'vitest'
import { HARNESSES } from './harnesses/index.ts'
import { happens, steps } from './random-exchanges.ts'
import { subjectOf } from './world.ts'

test.each(HARNESSES.map(harness => [harness.name, harness] as const))(
  'by %s, whatever happens is counted exactly, and nothing stays in flight',
  async (_name, harness) => {
    // A failure names its seed; `{ seed, path }` here repeats it.
    await fc.assert(
      fc.asyncProperty(steps, all => subjectOf(harness).within(world => happens(world, all))),
      { numRuns: 15, endOnFailure: false, interruptAfterTimeLimit: 60_000, markInterruptAsFailure: true },
    )
  },
  120_000,
)
