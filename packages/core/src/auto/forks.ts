import cluster, { type Cluster } from 'node:cluster'
import { syncBuiltinESMExports } from 'node:module'
import { isMainThread } from 'node:worker_threads'
import { replaceMethod } from '../base/appearance.ts'
import { configuration } from './configuration.ts'
import type { Parts } from './parts.ts'
import type { Sharing } from './sharing.ts'

/**
 * Lets the workers of an application that forks them itself share a directory. This process, their primary, leads the
 * directory and serves it. A primary can pass data to its workers only through their environment, so `cluster.fork` is
 * wrapped.
 */
export function shareWithForks(parts: Parts): void {
  if (!cluster.isPrimary || !isMainThread) return
  replaceMethod(cluster as { fork: Cluster['fork'] }, 'fork', fork => {
    const { observed } = {
      observed(this: unknown, environment?: object) {
        return Reflect.apply(fork, this, [{ ...shared(parts, environment), ...environment }])
      },
    }
    return observed
  })
  syncBuiltinESMExports()
}

let sharing: Sharing | undefined
let hasFailed = false

function shared(parts: Parts, environment: object = {}): NodeJS.ProcessEnv {
  // The workers of promherd's own primary already have these variables.
  if (hasFailed || 'PROMHERD_WORKER' in environment || 'PROMETHEUS_MULTIPROC_DIR' in environment) return {}
  try {
    sharing ??= parts.sharing().startSharing(cluster, configuration())
    return sharing.environment
  } catch (error) {
    hasFailed = true
    process.stderr.write(`promherd: the workers are not measured as one: ${(error as Error).message}\n`)
    return {}
  }
}
