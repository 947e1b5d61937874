import { styleText } from 'node:util'

/** Text styles, by their meaning. Without colours each returns the text unchanged. */
export interface Paint {
  bold(text: string): string
  dim(text: string): string
  accent(text: string): string
  good(text: string): string
  warn(text: string): string
  bad(text: string): string
}

type Style = Parameters<typeof styleText>[0]

export function paintOf(hasColours: boolean): Paint {
  // Whether colours are used is decided here, and not by the kind of stdout.
  const options = { validateStream: false }
  const style = (format: Style) => (text: string) => (hasColours ? styleText(format, text, options) : text)
  return {
    bold: style('bold'),
    dim: style('dim'),
    accent: style('cyan'),
    good: style('green'),
    warn: style('yellow'),
    bad: style('red'),
  }
}

/** Whether to use colours: on a terminal, unless NO_COLOR is set to a non-empty value (https://no-color.org). */
export function inColour(stream: NodeJS.WriteStream): boolean {
  return stream.isTTY === true && !process.env['NO_COLOR'] && process.env['TERM'] !== 'dumb'
}
