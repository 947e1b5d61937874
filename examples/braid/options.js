import { parseArgs } from 'node:util'
import { FRAMEWORKS } from '../demo/options.js'

const OPTIONS = {
  minutes: { type: 'string', default: '1' },
  framework: { type: 'string', default: 'node-http' },
  workers: { type: 'string', default: '4' },
  seed: { type: 'string' },
  pause: { type: 'string', default: '0' },
}

const USAGE = `The braid takes --minutes N, --framework ${FRAMEWORKS.join('|')}, --workers N, --seed N, --pause MS.`

/** An invalid option of the braid. Only the message is printed. */
export class BadOption extends Error {}

/**
 * The options of the command line. `minutes` may be a fraction; `seed` determines the order of the events and is
 * random unless given; each connection of the load waits `pauseMs` after a response.
 */
export function readOptions(args) {
  const { values } = parse(args)
  if (!FRAMEWORKS.includes(values.framework)) {
    throw new BadOption(`Expected --framework to be one of ${FRAMEWORKS.join(', ')}, but got ${values.framework}.`)
  }
  return {
    framework: values.framework,
    minutes: number('minutes', values.minutes, 0.1, 24 * 60),
    workers: integer('workers', values.workers, 2, 64),
    pauseMs: integer('pause', values.pause, 0, 1000),
    seed: values.seed === undefined ? randomSeed() : integer('seed', values.seed, 0, 2 ** 32 - 1),
  }
}

function parse(args) {
  try {
    return parseArgs({ args, options: OPTIONS, strict: true, allowPositionals: false })
  } catch (error) {
    throw new BadOption(`${error.message.split('. ')[0]}. ${USAGE}`)
  }
}

function number(name, text, least, most) {
  const value = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN
  if (value >= least && value <= most) return value
  throw new BadOption(`Expected --${name} to be a number from ${least} to ${most}, but got ${text}.`)
}

function integer(name, text, least, most) {
  const value = number(name, text, least, most)
  if (Number.isInteger(value)) return value
  throw new BadOption(`Expected --${name} to be an integer from ${least} to ${most}, but got ${text}.`)
}

function randomSeed() {
  return Math.floor(Math.random() * 2 ** 32)
}
