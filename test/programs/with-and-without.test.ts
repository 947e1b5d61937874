import { describe, expect, test } from 'vitest'
import { type Life, type LivingProgram, lifeOf, type TimedLife, WAYS, type WayName } from './lives.ts'
import { PROGRAMS } from './living-programs.ts'
import { alone } from './program.ts'

/** Each program behaves the same with promherd and without. */

/** How much longer a program may take to exit: promherd has a second process, and saves its counts. */
const EXTRA_MS = 3000

const lives = new Map<LivingProgram, Promise<TimedLife>>()

/** The run of a program without promherd, once for all its comparisons. */
function lifeAlone(program: LivingProgram): Promise<TimedLife> {
  const known = lives.get(program) ?? lifeOf(program, () => alone)
  lives.set(program, known)
  return known
}

describe.each(PROGRAMS.map(program => [program.name, program] as const))('%s', (_, program) => {
  test.each(Object.keys(WAYS) as WayName[])('%s', { timeout: 60_000 }, async way => {
    const without = await lifeAlone(program)
    expect([...without.life.answers, without.life.stdout, without.life.stderr].join('')).not.toBe('')
    const { life, endedAfterMs } = await lifeOf(program, WAYS[way])
    const compared = program.differs?.[way]?.leftOut ?? ((life: Life) => life)
    expect(compared(life)).toEqual(compared(without.life))
    expect(endedAfterMs).toBeLessThan(without.endedAfterMs + EXTRA_MS)
  })
})
