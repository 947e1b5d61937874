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
    throw new Mistyped('Expected an address or a --directory, but both are given. Leave one out.')
  }
  if (directory !== undefined) return herdDirectory(directory)
  if (url === undefined) return metricsPort(metricsUrl(await settingsOf({}), '/metrics'))
  const whole = /^https?:\/\//.test(url) ? url : `http://${url}`
  if (!URL.canParse(whole)) throw new Mistyped(`Expected an address such as 127.0.0.1:9091, but got ${url}.`)
  return metricsPort(new URL(whole).pathname === '/' ? new URL('/metrics', whole).href : whole)
}

/** Rates need two samples. */
async function oneView(source: Source, intervalSeconds: number): Promise<View> {
  const before = await source.look()
  await wait(intervalSeconds * 1000)
  return viewOf(before, await source.look())
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
  let before: Samples = await source.look()
  const leaving = new AbortController()
  const paint = paintOf(inColour(process.stdout))
  let view: View | undefined
  let trouble: string | undefined
  const draw = (): void => {
    const { width, height } = screen
    const keys = 'q leaves'
    const frame =
      view === undefined
        ? [paint.dim(`Looking at ${source.name} …`.slice(0, width))]
        : frameOf(view, {
            width,
            height: trouble === undefined ? height : height - 2,
            source: source.name,
            corner: keys,
            paint,
          })
    screen.show(trouble === undefined ? frame : [paint.bad(trouble.slice(0, width)), '', ...frame])
  }
  const screen = new Screen({ onLeave: () => leaving.abort(), onResize: draw })
  try {
    for (draw(); await passes(intervalSeconds, leaving.signal); draw()) {
      try {
        const after = await source.look()
        // If a read failed, the rates cover the whole time since the last successful one.
        view = viewOf(before, after)
        before = after
        trouble = undefined
      } catch (error) {
        trouble = (error as Error).message
      }
    }
  } finally {
    screen.leave()
  }
}

/** Waits for this time; resolves to false if the user quits in the meantime. */
async function passes(seconds: number, leaving: AbortSignal): Promise<boolean> {
  try {
    await wait(seconds * 1000, undefined, { signal: leaving })
    return !leaving.aborted
  } catch {
    return false
  }
}
