import type { Family, Snapshot } from '../snapshot/snapshot.ts'
import { numberText } from './byte-writer.ts'
import { Encoder, type FamilyText } from './encoder.ts'
import { type LineFormat, sectionsOf } from './sample-lines.ts'

/** Prometheus text, version 0.0.4 (https://prometheus.io/docs/instrumenting/exposition_formats/). */
export const TEXT_CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8'

/** Encodes snapshots as Prometheus text, version 0.0.4. */
export class TextEncoder004 extends Encoder {
  constructor() {
    super(familyTexts)
  }
}

const FORMAT: LineFormat = { bound: numberText, exemplars: false }

function* familyTexts({ families }: Snapshot): Generator<FamilyText> {
  for (const family of families) yield { head: headOf(family), sections: sectionsOf(family, FORMAT) }
}

function headOf({ name, type, help }: Family): string {
  return `# HELP ${name} ${escapeHelp(help)}\n# TYPE ${name} ${type}\n`
}

function escapeHelp(help: string): string {
  return help.replace(/[\\\n]/g, char => (char === '\n' ? '\\n' : '\\\\'))
}
