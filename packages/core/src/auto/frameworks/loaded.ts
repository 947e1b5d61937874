import { createRequire } from 'node:module'
import type { HttpRecorder } from '../../http/recorder.ts'

/**
 * Frameworks that say nothing of themselves are found where Node keeps the CommonJS modules that are loaded, whoever
 * has imported them. What is looked for is looked up anew with each call there, so it need not be found early.
 */
const HOOKS: readonly { readonly file: RegExp; hook(exports: unknown): void }[] = []

/** Hooks into what was loaded since the last look. Never throws. */
export function hookFrameworks(recorder: HttpRecorder): void {
  try {
    const { cache } = createRequire(import.meta.url)
    const files = Object.keys(cache)
    if (files.length === looked) return
    for (const file of files) {
      const found = HOOKS.find(each => each.file.test(file))
      if (found !== undefined) found.hook(cache[file]?.exports)
    }
    looked = files.length
  } catch (error) {
    recorder.store.trouble('http', `a framework could not be watched, so its routes are missing: ${String(error)}`)
  }
}

let looked = 0
