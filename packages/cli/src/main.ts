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
    .description('Runs a Node HTTP service in several workers with right Prometheus metrics, and looks at them.')
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
    .description('Runs a program in several workers, measures what it serves, and serves the metrics.')
    .argument('<app>', 'the file of the program, as node would be given it')
    .argument('[args...]', 'what the program is given; after -- where it begins with a dash')
    .option('--redis <url>', 'send the metrics to this Redis, for an exporter of many hosts')
    .option('--group <name>', 'the name of the service in Redis')
    .option('--instance <name>', 'the name of this host in the group (default: that of the host)')
    .option('--watch', 'replace the workers when a file of the working directory changes')
    .action(async (app, args, options) => (await import('./commands/start.ts')).start(app, args, options))
}

function addExporter(promherd: Command): void {
  sending(serving(promherd.command('exporter')))
    .description(
      'Serves the metrics of workers that somebody else runs, from the directory that they share, or of many hosts from Redis.',
    )
    .option('--directory <path>', 'the directory of the herd')
    .option('--redis <url>', 'serve the hosts that send their metrics to this Redis')
    .option('--group <name>', 'the name of their service in Redis')
    .option('--aggregate <how>', 'instance for a label `instance`, sum to add up all hosts')
    .action(async options => (await import('./commands/exporter.ts')).exporter(options))
}

function addTop(promherd: Command): void {
  promherd
    .command('top')
    .description('Shows what the workers do, in place. The keys q and Ctrl-C leave.')
    .argument('[url]', 'where the metrics are served (default: the metrics port of the configuration)')
    .option('--directory <path>', 'read the directory of the herd instead of a metrics port')
    .option('--interval <seconds>', 'how often to look, and over how long rates are taken', positive, 1)
    .option('--once', 'print one frame and leave; so does a terminal that is none')
    .option('--json', 'print one document of JSON and leave')
    .action(async (url, options) => (await import('./top/top.ts')).top(url, options))
}

function addCheck(promherd: Command): void {
  running(promherd.command('check'))
    .description('Says what promherd would do, which source won for each setting, and what is in the way.')
    .option('--directory <path>', 'the directory of the herd')
    .action(async options => (await import('./check/check.ts')).check(options, VERSION))
}

function addHealth(promherd: Command): void {
  serving(promherd.command('health'))
    .description('Asks the metrics port whether all is well: exit code 0, else 1. For the probes of containers.')
    .option('--ready', 'ask whether a worker listens, and not only whether the port answers')
    .option('--timeout <seconds>', 'how long an answer may take', positive, 2)
    .action(async options => (await import('./commands/health.ts')).health(options))
}

function running(command: Command): Command {
  return serving(
    command
      .option('--workers <number>', 'how many worker processes, or max for one per CPU')
      .option('--threads <number>', 'how many threads of one process, instead of processes')
      .option('--routes <source>', 'framework, or inferred to learn routes that no framework reports'),
  )
}

function serving(command: Command): Command {
  return command
    .option('--port <number>', 'the port of the metrics')
    .option('--bind <address>', 'the address to serve the metrics on')
    .option('--hosts <names>', 'names of the metrics port besides those of this host')
    .option('--config <file>', 'the configuration file')
}

function sending(command: Command): Command {
  return command.option(
    '--otlp [url]',
    'send the metrics to a receiver of OTLP, too (default: that of the environment)',
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
