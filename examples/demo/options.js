import { parseArgs } from 'node:util'

export const FRAMEWORKS = ['express', 'fastify', 'koa', 'hono', 'node-http']

const OPTIONS = {
  seconds: { type: 'string' },
  framework: { type: 'string', default: 'express' },
  workers: { type: 'string', default: '4' },
}

/** An invalid option of the demo. Only the message is printed. */
export class BadOption extends Error {}

/** The options of the command line. `seconds` is undefined if the demo runs until Ctrl-C. */
export function readOptions(args) {
  const { values } = parse(args)
  if (!FRAMEWORKS.includes(values.framework)) {
    throw new BadOption(`Expected --framework to be one of ${FRAMEWORKS.join(', ')}, but got ${values.framework}.`)
  }
  return {
    framework: values.framework,
    workers: wholeNumber('workers', values.workers, 1, 64),
    seconds: values.seconds === undefined ? undefined : wholeNumber('seconds', values.seconds, 2, 86_400),
  }
}

function parse(args) {
  try {
    return parseArgs({ args, options: OPTIONS, strict: true, allowPositionals: false })
  } catch (error) {
    const reason = error.message.split('. ')[0]
    throw new BadOption(`${reason}. The demo takes --seconds N, --framework ${FRAMEWORKS.join('|')}, --workers N.`)
  }
}

function wholeNumber(name, text, least, most) {
  const number = /^\d+$/.test(text) ? Number(text) : Number.NaN
  if (number >= least && number <= most) return number
  throw new BadOption(`Expected --${name} to be an integer from ${least} to ${most}, but got ${text}.`)
}
