import { findConfigFile } from '../config/find-file.ts'
import type * as processConfig from '../config/process-config.ts'
import { begin, isFirst, reportFailure } from './begin.ts'

/** `node --require @promherd/core/auto app.js`: the same as `auto.ts`, but synchronous. */

declare const require: (file: string) => unknown

if (isFirst()) {
  try {
    const parts = { measuring: () => require('./measuring.cjs'), sharing: () => require('./sharing.cjs') }
    begin(parts as Parameters<typeof begin>[0], configuration())
  } catch (error) {
    reportFailure(error)
  }
}

function configuration(): ReturnType<typeof processConfig.loadProcessConfigSync> | undefined {
  if (findConfigFile() === undefined) return undefined
  return (require('./process-config.cjs') as typeof processConfig).loadProcessConfigSync()
}
