import { bench, braid, demo, docs } from './apps.mjs'
import { build, format, lint, test } from './checks.mjs'
import { Stop, say } from './exec.mjs'
import { installDependencies } from './install.mjs'

/**
 * The commands of the workspace, as `npm run <command>` calls them. They need only Node and npm: missing packages are
 * installed first. No file here may import a package.
 */
const COMMANDS = { build, test, lint, format, demo, braid, bench, docs }

async function main([name, ...rest]) {
  const command = Object.hasOwn(COMMANDS, name ?? '') ? COMMANDS[name] : undefined
  if (command === undefined) {
    throw new Stop(`Expected a command, one of ${Object.keys(COMMANDS).join(', ')}, but got ${name ?? 'none'}.`)
  }
  requireNode()
  await installDependencies()
  return command(rest[0] === '--' ? rest.slice(1) : rest)
}

function requireNode() {
  const [major, minor] = process.versions.node.split('.').map(Number)
  if (major > 20 || (major === 20 && minor >= 19)) return
  throw new Stop(`Expected Node 20.19 or newer, but this is ${process.version}. Install a newer one.`)
}

try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  if (!(error instanceof Stop)) throw error
  say(error.message)
  process.exitCode = error.exitCode
}
