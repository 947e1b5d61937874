import { execFile, execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { onTestFinished } from 'vitest'
import { temporaryDirectory } from '../support/resources.ts'
import { until } from '../support/until.ts'

/** A window of a real terminal, with a shell in it. */
export interface Terminal {
  /** Types a line. */
  type(line: string): Promise<void>
  /** Presses a key. */
  press(key: string): Promise<void>
  resize(columns: number, lines: number): Promise<void>
  /** What is seen, without the empty lines below it. */
  screen(): Promise<string>
  /** The same with the colours. */
  colours(): Promise<string>
  /** Whether a line did not fit and goes on in the next one. */
  isWrapped(): Promise<boolean>
  /** Whether a program has the second screen, which leaves the first as it was. */
  isSecondScreen(): Promise<boolean>
  hasCursor(): Promise<boolean>
  /** Waits until this is seen. */
  shows(text: string | RegExp): Promise<void>
}

const run = promisify(execFile)

/** Opens a window in a separate tmux server. It closes with the test. */
export async function terminal(columns: number, lines: number): Promise<Terminal> {
  const { path, remove } = temporaryDirectory()
  const own = ['-S', join(path, 'tmux'), '-f', '/dev/null']
  const tmux = async (...args: string[]): Promise<string> => (await run('tmux', [...own, ...args])).stdout
  const size = ['-x', String(columns), '-y', String(lines)]
  onTestFinished(() => {
    execFileSync('tmux', [...own, 'kill-server'])
    remove()
  })
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !OURS.test(name)))
  await run('tmux', [...own, 'new-session', '-d', ...size, 'PS1="$ " exec sh'], { env })
  const seen = async (...args: string[]): Promise<string> => (await tmux('capture-pane', '-p', ...args)).trimEnd()
  const flag = async (name: string): Promise<boolean> => (await tmux('display-message', '-p', `#{${name}}`)) === '1\n'
  return {
    type: async line => void (await tmux('send-keys', '-l', `${line}\n`)),
    press: async key => void (await tmux('send-keys', key)),
    resize: async (x, y) => void (await tmux('resize-window', '-x', String(x), '-y', String(y))),
    screen: () => seen(),
    colours: () => seen('-e'),
    isWrapped: async () => (await seen('-J')).split('\n').length !== (await seen()).split('\n').length,
    isSecondScreen: () => flag('alternate_on'),
    hasCursor: () => flag('cursor_flag'),
    async shows(text) {
      const isShown = async (): Promise<boolean> => {
        const screen = await seen()
        return typeof text === 'string' ? screen.includes(text) : text.test(screen)
      }
      await until(isShown, { what: `${text} on the screen`, everyMs: 50 }).catch(async error => {
        throw new Error(`${error.message}\n${await seen()}`, { cause: error })
      })
    },
  }
}

/** Variables of the test process that the shell must not receive. */
const OURS = /^(PROMETHEUS_|PROMHERD_|TMUX|NO_COLOR|FORCE_COLOR|CI|NODE_OPTIONS|WEB_CONCURRENCY|COLUMNS|LINES)/
