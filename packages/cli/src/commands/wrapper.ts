import { readFileSync } from 'node:fs'
import { basename } from 'node:path'

/**
 * npm runs a command in a shell, forwards SIGTERM to the shell alone, and exits: `npx promherd start` would keep
 * running without a parent. So a command that was started by npm or a similar tool ends as by SIGTERM when its parent
 * has exited. Wrappers can be nested (`npx pnpm exec promherd start`), and then the parent may keep running, too.
 * Therefore the parents of all of them are watched up to the outermost, which is the process that the user has started.
 */
export function endWithWrapper(): void {
  if (!WRAPPED.some(name => process.env[name] !== undefined)) return
  const parent = process.ppid
  const wrappers = wrappersFrom(parent)
  const timer = setInterval(() => {
    if (process.ppid === parent && wrappers.every(({ pid, parent }) => parentOf(pid) === parent)) return
    clearInterval(timer)
    process.kill(process.pid, 'SIGTERM')
  }, INTERVAL_MS).unref()
}

/** A process whose parent is a wrapper. */
interface Wrapped {
  readonly pid: number
  readonly parent: number
}

/** From `pid` up: package managers and the shells between them. Without `/proc` they are not known. */
function wrappersFrom(pid: number): Wrapped[] {
  const found: Wrapped[] = []
  let outermost = 0
  for (let at: number | undefined = pid; at !== undefined && at > 1 && found.length < MOST_WRAPPERS; ) {
    const words = wordsOf(at)
    if (isPackageManager(words)) outermost = found.length
    else if (!isShell(words)) break
    const parent = parentOf(at)
    if (parent !== undefined) found.push({ pid: at, parent })
    at = parent
  }
  // The parent of the outermost wrapper belongs to the user.
  return found.slice(0, outermost)
}

/** npm overwrites its original command line with its own text. */
function isPackageManager([first = '', second = '']: readonly string[]): boolean {
  const isRun = [first.split(' ', 1)[0]!, second].some(word => MANAGERS.test(basename(word)))
  return isRun || MANAGER_FILES.test(second)
}

function isShell([first = '', second]: readonly string[]): boolean {
  return SHELLS.test(basename(first)) && second === '-c'
}

function wordsOf(pid: number): string[] {
  return (read(pid, 'cmdline') ?? '').split('\0')
}

function parentOf(pid: number): number | undefined {
  const stat = read(pid, 'stat')
  // The name of the file is in parentheses, and may contain any character.
  const [, parent] = stat?.slice(stat.lastIndexOf(')') + 2).split(' ') ?? []
  return parent === undefined ? undefined : Number(parent)
}

function read(pid: number, file: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8')
  } catch {
    return undefined
  }
}

const MANAGERS = /^(?:npm|npx|pnpm|pnpx|yarn|yarnpkg|corepack)$/
const MANAGER_FILES = /(?:^|[/\\])(?:npm-cli|npx-cli|pnpm|pnpx|yarn|yarnpkg|corepack)(?:-[\d.]+)?\.[cm]?js$/
const SHELLS = /^(?:ba|da|z|k|a)?sh$/
const MOST_WRAPPERS = 16
/** Variables that npm, pnpm and yarn set for the commands that they run. */
const WRAPPED = ['npm_execpath', 'npm_lifecycle_event', 'npm_config_user_agent']
const INTERVAL_MS = 250
