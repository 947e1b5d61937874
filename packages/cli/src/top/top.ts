import { setTimeout as wait } from 'node:timers/promises'
import { Mistyped } from '../common/failure.ts'
import { inColour, paintOf } from '../common/paint.ts'
import { metricsUrl, settingsOf } from '../common/settings.ts'
import { frameOf } from './frame.ts'
import type { Samples } from './samples.ts'
import { Screen } from './screen.ts'
import { herdDirectory, metricsPort, type Source } from './source.ts'
import { type View, viewOf } from './view.ts'

export interface TopOptions {
  readonly directory?: string
  /** Seconds. */
  readonly interval: number
  readonly once?: boolean
  readonly json?: boolean
}

/** `promherd top`: a live view, or one frame, or one document. */
export async function top(url: string | undefined, options: TopOptions): Promise<void> {
  const source = await sourceOf(url, options.directory)
  if (options.json) process.stdout.write(`${JSON.stringify(await oneView(source, options.interval))}\n`)
  else if (options.once || !process.stdout.isTTY) process.stdout.write(`${await oneFrame(source, options.interval)}\n`)
  else await live(source, options.interval)
}

async function sourceOf(url: string | undefined, directory: string | undefined): Promise<Source> {
  if (url !== undefined && directory !== undefined) {
    throw new Mistyped('Expected an address or a --directory, but both are given. Remove one of them.')
  }
  if (directory !== undefined) return herdDirectory(directory)
  if (url === undefined) return metricsPort(metricsUrl(await settingsOf({}), '/metrics'))
  const whole = /^https?:\/\//.test(url) ? url : `http://${url}`
  if (!URL.canParse(whole)) throw new Mistyped(`Expected an address such as 127.0.0.1:9091, but got ${url}.`)
  return metricsPort(new URL(whole).pathname === '/' ? new URL('/metrics', whole).href : whole)
}

/** Rates need two samples. */
async function oneView(source: Source, intervalSeconds: number): Promise<View> {
  const before = await source.read()
  await wait(intervalSeconds * 1000)
  return viewOf(before, await source.read())
}

/** The width that is assumed if a terminal does not report its own. */
const USUAL_WIDTH = 80

async function oneFrame(source: Source, intervalSeconds: number): Promise<string> {
  const view = await oneView(source, intervalSeconds)
  const width = process.stdout.columns ?? (Number(process.env['COLUMNS']) || USUAL_WIDTH)
  const paint = paintOf(inColour(process.stdout))
  return frameOf(view, { width, height: Number.POSITIVE_INFINITY, source: source.name, corner: undefined, paint }).join(
    '\n',
  )
}

async function live(source: Source, intervalSeconds: number): Promise<void> {
  // An error in the address is reported on the normal screen.
  let before: Samples = await source.read()
  const quitting = new AbortController()
  const paint = paintOf(inColour(process.stdout))
  let view: View | undefined
  let error: string | undefined
  const draw = (): void => {
    const { width, height } = screen
    const keys = 'q: quit'
    const frame =
      view === undefined
        ? [paint.dim(`Reading ${source.name} …`.slice(0, width))]
        : frameOf(view, {
            width,
            height: error === undefined ? height : height - 2,
            source: source.name,
            corner: keys,
            paint,
          })
    screen.show(error === undefined ? frame : [paint.bad(error.slice(0, width)), '', ...frame])
  }
  const screen = new Screen({ onQuit: () => quitting.abort(), onResize: draw })
  try {
    for (draw(); await elapses(intervalSeconds, quitting.signal); draw()) {
      try {
        const after = await source.read()
        // If a read failed, the rates cover the whole time since the last successful one.
        view = viewOf(before, after)
        before = after
        error = undefined
      } catch (thrown) {
        error = (thrown as Error).message
      }
    }
  } finally {
    screen.leave()
  }
}

/** Waits for this time; resolves to false if the user quits in the meantime. */
async function elapses(seconds: number, quitting: AbortSignal): Promise<boolean> {
  try {
    await wait(seconds * 1000, undefined, { signal: quitting })
    return !quitting.aborted
  } catch {
    return false
  }
}
