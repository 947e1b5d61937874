import { readVariable } from './environment.ts'

/** Whether a running primary serves the herd of this process. Its workers have its pid in their environment. */
export function isServedByPrimary(): boolean {
  const pid = readVariable('PROMHERD_PRIMARY')
  if (typeof pid !== 'number' || pid === 0) return false
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
