import { createRequire } from 'node:module'
import { join } from 'node:path'
import { ROOT } from '../support/process.ts'
import type { Block } from './blocks.ts'

const { parse } = createRequire(join(ROOT, 'packages/core/package.json'))('yaml') as { parse(text: string): unknown }

/** A configuration of an OpenTelemetry collector, as far as it is looked at. */
interface Collector {
  readonly service?: { readonly pipelines?: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> }
}

/** What is wrong with a block of YAML, a sentence each; throws where it is none. */
export function complaintsAboutYaml({ text }: Block): string[] {
  const document = parse(text) as Collector & Record<string, object | undefined>
  const pipelines = Object.values(document.service?.pipelines ?? {})
  return pipelines.flatMap(pipeline =>
    Object.entries(pipeline).flatMap(([kind, names]) =>
      names.filter(name => !(name in (document[kind] ?? {}))).map(name => `There is no \`${name}\` among the ${kind}.`),
    ),
  )
}
