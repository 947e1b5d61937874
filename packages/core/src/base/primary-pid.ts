/** Whether a running primary serves the herd of this process. Its workers have its pid in their environment. */
export function isServedByPrimary(): boolean {
  const pid = Number(process.env['PROMHERD_PRIMARY'] || Number.NaN)
  if (!Number.isInteger(pid) || pid <= 0) return false
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
