import { createRequire } from 'node:module'
import { Command, CommanderError, InvalidArgumentError } from 'commander'
import { Failure, Mistyped } from './common/failure.ts'

/** The command line: its commands and options, and the handling of errors. */

const VERSION: string = (createRequire(import.meta.url)('../package.json') as { version: string }).version

/** Runs the command with its arguments. The code of each subcommand is loaded when it runs. */
export async function main(typed: readonly string[]): Promise<void> {
  try {
    await command().parseAsync([...typed], { from: 'user' })
  } catch (error) {
    process.exitCode = exitCodeFor(error)
  }
}

/** All commands and options. */
export function command(): Command {
  // Before the subcommands: they inherit it.
  const promherd = new Command('promherd')
    .description('Runs a Node HTTP service in several workers, and serves and shows its Prometheus metrics.')
    .version(VERSION, '-v, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand(false)
    .exitOverride()
    .configureOutput({ outputError: (text, write) => write(`promherd: ${text.replace(/^error: /, '')}`) })
  addStart(promherd)
  addExporter(promherd)
  addTop(promherd)
  addCheck(promherd)
  addHealth(promherd)
  return promherd
}

function addStart(promherd: Command): void {
  sending(running(promherd.command('start')))
    .description('Runs a program in several workers, records its requests, and serves the metrics.')
    .argument('<app>', 'the file of the program, as in a call of node')
    .argument('[args...]', 'the arguments of the program; with -- before arguments that begin with a dash')
    .option('--redis <url>', 'send the metrics to this Redis, for an exporter of many hosts')
    .option('--group <name>', 'the name of the service in Redis')
    .option('--instance <name>', 'the name of this host in the group (default: the host name)')
    .option('--watch', 'replace the workers when a file of the working directory changes')
    .action(async (app, args, options) => (await import('./commands/start.ts')).start(app, args, options))
}

function addExporter(promherd: Command): void {
  sending(serving(promherd.command('exporter')))
    .description(
      'Serves the metrics of workers that another program starts, from their shared directory, or of many hosts, from Redis.',
    )
    .option('--directory <path>', 'the directory of the herd')
    .option('--redis <url>', 'serve the hosts that send their metrics to this Redis')
    .option('--group <name>', 'the name of their service in Redis')
    .option('--aggregate <how>', 'instance to add a label `instance`, sum to add up all hosts')
    .action(async options => (await import('./commands/exporter.ts')).exporter(options))
}

function addTop(promherd: Command): void {
  promherd
    .command('top')
    .description('Shows the load of the workers, and updates it in place. Press q or Ctrl-C to quit.')
    .argument('[url]', 'the address of the metrics (default: the metrics port of the configuration)')
    .option('--directory <path>', 'read the directory of the herd instead of a metrics port')
    .option('--interval <seconds>', 'the interval of the updates, and the period of the rates', positive, 1)
    .option('--once', 'print one frame and exit, as always without a terminal')
    .option('--json', 'print one JSON document and exit')
    .action(async (url, options) => (await import('./top/top.ts')).top(url, options))
}

function addCheck(promherd: Command): void {
  running(promherd.command('check'))
    .description('Prints what promherd start would do, the source of each setting, and all problems.')
    .option('--directory <path>', 'the directory of the herd')
    .action(async options => (await import('./check/check.ts')).check(options, VERSION))
}

function addHealth(promherd: Command): void {
  serving(promherd.command('health'))
    .description(
      'Exits with code 0 if the metrics port reports that the service is healthy, else with 1. For container probes.',
    )
    .option('--ready', 'check whether a worker listens, and not only whether the port responds')
    .option('--timeout <seconds>', 'the time limit for the response', positive, 2)
    .action(async options => (await import('./commands/health.ts')).health(options))
}

function running(command: Command): Command {
  return serving(
    command
      .option('--workers <number>', 'the number of worker processes, or max for one per CPU')
      .option('--threads <number>', 'the number of threads in one process, instead of processes')
      .option('--routes <source>', 'framework, or inferred to also infer routes that no framework reports'),
  )
}

function serving(command: Command): Command {
  return command
    .option('--port <number>', 'the port of the metrics')
    .option('--bind <address>', 'the address on which the metrics are served')
    .option('--hosts <names>', 'further host names under which clients may request the metrics')
    .option('--config <file>', 'the configuration file')
}

function sending(command: Command): Command {
  return command.option(
    '--otlp [url]',
    'also send the metrics to an OTLP receiver (default: the one in the environment)',
  )
}

/** A number of seconds above 0, up to an hour. */
function positive(text: string): number {
  const seconds = Number(text)
  if (seconds > 0 && seconds <= 3600) return seconds
  throw new InvalidArgumentError('Expected a number of seconds above 0, up to 3600.')
}

function exitCodeFor(error: unknown): number {
  // Commander has already printed the error, or the requested output.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : new Mistyped().exitCode
  const { message, code, stack, exitCode } = error as Error & { code?: unknown; exitCode?: number }
  const isExpected = error instanceof Failure || typeof code === 'string'
  process.stderr.write(`promherd: ${isExpected ? message : stack}\n`)
  return exitCode ?? 1
}
