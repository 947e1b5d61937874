import { type Chapter, pageOf } from '../contract/law.ts'
import { EXAMPLES } from '../support/example.ts'
import { CHAPTERS } from './chapters.ts'
import type { Herd } from './herd.ts'

/** The text of `docs/matrix.md`. */
export function matrixPage(): string {
  return `${[HEAD, summary(), ...CHAPTERS.map(pageOf)].join('\n\n')}\n`
}

const HEAD = `# Adapters by ways of running processes

Written by \`npm run docs\` from the tests in \`test/matrix\`, which use real processes, real signals and the real PM2.
Each example runs alone, with the preload and under the cluster helper. Restarts under the cluster helper and the other
ways do not depend on the framework, so each of them is tested with one example; — is a combination that is not tested.
✓ is a law that holds. *cannot* is a law that does not hold, for the reason in the note; the tests show what happens
instead. How to set up each way: [processes.md](processes.md).`

/** The number of laws that hold, for each cell. */
function summary(): string {
  const rows = CHAPTERS.map(chapter => [chapter.title, ...EXAMPLES.map(example => keptBy(chapter, example))])
  const table = [['', ...EXAMPLES], ['---', ...EXAMPLES.map(() => '---')], ...rows]
  return table.map(cells => `| ${cells.join(' | ')} |`).join('\n')
}

function keptBy({ laws, subjects }: Chapter<Herd>, example: string): string {
  if (!subjects.some(({ name }) => name === example)) return '—'
  const kept = laws.filter(({ cannot }) => cannot?.[example] === undefined).length
  return kept === laws.length ? `✓ ${kept}` : `${kept} of ${laws.length}`
}
