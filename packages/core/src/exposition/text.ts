import type { Family, Snapshot } from '../snapshot/snapshot.ts'
import { numberText } from './draft.ts'
import { Encoder, type Section } from './encoder.ts'
import { partsOf, type Words } from './lines.ts'

/** Prometheus text, version 0.0.4 (https://prometheus.io/docs/instrumenting/exposition_formats/). */
export const TEXT_CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8'

/** Encodes snapshots in that format. */
export class TextEncoder004 extends Encoder {
  constructor() {
    super(sectionsOf)
  }
}

const WORDS: Words = { bound: numberText, exemplars: false }

function* sectionsOf({ families }: Snapshot): Generator<Section> {
  for (const family of families) yield { head: headOf(family), parts: partsOf(family, WORDS) }
}

function headOf({ name, type, help }: Family): string {
  return `# HELP ${name} ${escapeHelp(help)}\n# TYPE ${name} ${type}\n`
}

function escapeHelp(help: string): string {
  return help.replace(/[\\\n]/g, char => (char === '\n' ? '\\n' : '\\\\'))
}
