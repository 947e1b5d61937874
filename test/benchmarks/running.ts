import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Report } from '../../benchmarks/lib/document.js'

const RUN = fileURLToPath(new URL('../../benchmarks/run.js', import.meta.url))

/** Runs a benchmark at its smallest size, without meaningful times, and returns its report. */
export async function bench(...args: string[]): Promise<Report> {
  const { stdout } = await promisify(execFile)(process.execPath, [RUN, ...args, '--quick', '--json'])
  return JSON.parse(stdout)
}

/** Runs a command that must be rejected, and returns its output. */
export async function refused(...args: string[]): Promise<{ code: number; stderr: string }> {
  return promisify(execFile)(process.execPath, [RUN, ...args]).then(
    () => ({ code: 0, stderr: '' }),
    ({ code, stderr }) => ({ code, stderr }),
  )
}
