import { execFileSync } from 'node:child_process'
import { versionOf } from './report.js'

/** The Node for a library that does not support all versions of Node that promherd supports. */

/** The version that its manifest requires. */
const LEAST_MAJOR = 22
export const SUCCESSOR = `@prometheus-io/client ${versionOf('@prometheus-io/client')}`

/**
 * The program and its version: that of this process if it is new enough, else the one in PROMHERD_BENCH_NODE.
 * Undefined if there is none: then the library is left out.
 * @returns {{ execPath: string, version: string } | undefined}
 */
export function newerNode(env = process.env, here = process.version) {
  if (isNewEnough(here)) return { execPath: process.execPath, version: here }
  const execPath = env.PROMHERD_BENCH_NODE
  if (execPath === undefined || execPath === '') return undefined
  const version = execFileSync(execPath, ['--version'], { encoding: 'utf8' }).trim()
  if (isNewEnough(version)) return { execPath, version }
  throw new Error(`expected PROMHERD_BENCH_NODE to be Node ${LEAST_MAJOR} or newer, but ${execPath} is ${version}`)
}

/** The part of a report that states that there is no such Node. */
export function withoutNewerNode(newer) {
  if (newer !== undefined) return {}
  return { left_out: `${SUCCESSOR} asks for Node ${LEAST_MAJOR}, and PROMHERD_BENCH_NODE names none` }
}

function isNewEnough(version) {
  return Number(/^v(\d+)\./.exec(version)?.[1]) >= LEAST_MAJOR
}
