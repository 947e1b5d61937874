import { parseArgs } from 'node:util'

/** The arguments of the command, validated. */

const OPTIONS = {
  json: { type: 'boolean', default: false },
  quick: { type: 'boolean', default: false },
  write: { type: 'boolean', default: false },
  workers: { type: 'string' },
  series: { type: 'string' },
  framework: { type: 'string' },
}

/** Throws if an argument is not valid. The message lists the valid ones. */
export function readArguments(args, known) {
  const usage = `usage: bench [all|${known.join('|')}] [--json] [--write] [--quick] [--workers N] [--series N] [--framework NAME]`
  const refuse = expected => {
    throw new Error(`${expected}. ${usage}`)
  }
  const whole = (name, text, most) => {
    if (text === undefined) return undefined
    const number = Number(text)
    if (Number.isInteger(number) && number >= 1 && number <= most) return number
    refuse(`expected --${name} to be an integer from 1 to ${most}, but got \`${text}\``)
  }
  const { values, positionals } = parseArgs({ args, allowPositionals: true, options: OPTIONS })
  const [name = 'all', ...rest] = positionals
  if (!['all', ...known].includes(name) || rest.length > 0) {
    refuse(`expected one benchmark, but got \`${positionals.join(' ')}\``)
  }
  const { json, write, quick, framework } = values
  const options = {
    quick,
    framework,
    workers: whole('workers', values.workers, 1000),
    series: whole('series', values.series, 1_000_000),
  }
  const isReduced = Object.values(options).some(value => value !== undefined && value !== false)
  if (write && isReduced) refuse('expected --write without --quick, sizes and a framework: the page has one size')
  return { names: name === 'all' ? known : [name], json, write, options }
}
