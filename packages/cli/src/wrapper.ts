/**
 * npm runs a command in a shell, passes SIGTERM on to the shell alone, and ends: `npx promherd start` would go on without
 * a parent. So a command that was started by npm or its like ends as by SIGTERM when its parent has ended.
 */
export function endWithWrapper(): void {
  if (!WRAPPED.some(name => process.env[name] !== undefined)) return
  const parent = process.ppid
  const timer = setInterval(() => {
    if (process.ppid === parent) return
    clearInterval(timer)
    process.kill(process.pid, 'SIGTERM')
  }, INTERVAL_MS).unref()
}

/** What npm, pnpm and yarn set for what they run. */
const WRAPPED = ['npm_execpath', 'npm_lifecycle_event', 'npm_config_user_agent']
const INTERVAL_MS = 250
