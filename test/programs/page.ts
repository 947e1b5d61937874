import type { LivingProgram } from './lives.ts'
import { WAYS, type WayName } from './lives.ts'
import { PROGRAMS } from './living-programs.ts'

/** The text of `docs/programs.md`. */
export function programsPage(): string {
  const reasons: string[] = []
  const ways = Object.keys(WAYS) as WayName[]
  const rows = PROGRAMS.map(program => [program.name, ...ways.map(way => cellOf(program, way, reasons))])
  const table = [['program', ...ways.map(way => `\`${way}\``)], ['---', ...ways.map(() => '---')], ...rows]
  const notes = reasons.map((reason, i) => `${i + 1}. ${reason}`)
  return `${[HEAD, table.map(cells => `| ${cells.join(' | ')} |`).join('\n'), notes.join('\n')].join('\n\n').trimEnd()}\n`
}

const HEAD = `# Programs with promherd and without

Written by \`npm run docs\` from the tests in \`test/programs\`. Each program runs until it exits, under \`node\`, under
\`node --import @promherd/core/auto\` (the preload) and under \`promherd start\` with one worker. ✓ means that all of
these are equal to the byte: each response (status, headers, body), the data that clients receive on open connections
until they are closed, stdout and stderr of the program with the signals that it logs and the stack traces that it
prints, and its exit code or signal. The program also exits within 3 s of the time that it takes alone. The date header
and the lines of promherd itself, on stderr, are not compared. *but* refers to a part that differs; all else is equal.`

function cellOf({ differs }: LivingProgram, way: WayName, reasons: string[]): string {
  const difference = differs?.[way]
  if (difference === undefined) return '✓'
  const { reason } = difference
  if (!reasons.includes(reason)) reasons.push(reason)
  return `✓ but (${reasons.indexOf(reason) + 1})`
}
