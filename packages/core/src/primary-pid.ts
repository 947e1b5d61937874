/** Whether a primary serves the herd that this process is of, as long as that lives. Its workers bear its pid. */
export function isServedByPrimary(): boolean {
  const pid = Number(process.env['PROMHERD_PRIMARY'] || Number.NaN)
  if (!Number.isInteger(pid) || pid <= 0) return false
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
