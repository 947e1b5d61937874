import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { command as promherd } from '../../packages/cli/dist/main.js'
import { ROOT } from '../support/process.ts'
import type { Block, Doc } from './blocks.ts'

/** The commands that a document may tell a reader to type, and what must be true of each. None is run here. */
const COMMANDS: readonly (readonly [
  pattern: RegExp,
  check: (match: RegExpExecArray, doc: Doc) => string | undefined,
])[] = [
  [/^npm (?:run )?(test|build|demo|bench|lint|format)\b/, ([, script]) => scriptIn(ROOT, script!)],
  [/^(?:npm install|npm i|pnpm add|yarn add) ((?:@?[\w/.-]+ ?)+)$/, ([, names]) => allKnown(names!)],
  [/^npm (?:install|ci)$/, () => undefined],
  [/^node (?:--[\w-]+(?:[= ][@\w/.-]+)? )*([\w/.-]+\.m?js)\b/, ([, file], doc) => fileOf(doc, file!)],
  [/^npx pm2 (?:start|reload|delete) ([\w.]+)/, ([, what], doc) => (what === 'app' ? undefined : fileOf(doc, what!))],
  [/^(?:npx )?promherd (.+)$/, ([, typed], doc) => typedWell(doc, typed!)],
  [/^git clone /, () => undefined],
  [/^cd ([\w/.-]+)$/, () => undefined],
  [/^curl (?:-\w+ )*'?(\S+)/, ([, url]) => onLoopback(url!)],
]

/** What is wrong with the commands of a block, a sentence each. */
export function complaintsAbout(doc: Doc, block: Block): string[] {
  const lines = block.text.split('\n').map(line =>
    line
      .replace(/^\$ /, '')
      .replace(/\s+#.*$/, '')
      .trim(),
  )
  return lines.filter(line => line !== '' && !line.startsWith('#')).flatMap(line => complaintAbout(doc, line) ?? [])
}

function complaintAbout(doc: Doc, line: string): string | undefined {
  const command = line.replace(/^(?:[A-Z_]+=\S* )+/, '')
  for (const [pattern, check] of COMMANDS) {
    const match = pattern.exec(command)
    if (match !== null) return check(match, doc)
  }
  return `\`${line}\` is not a command that the tests know.`
}

function scriptIn(folder: string, script: string): string | undefined {
  const { scripts } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  return script in scripts ? undefined : `There is no script \`${script}\`.`
}

function allKnown(names: string): string | undefined {
  const manifest = JSON.parse(readFileSync(join(ROOT, 'test', 'package.json'), 'utf8'))
  const unknown = names.split(' ').filter(name => name !== '' && !(name in manifest.dependencies))
  return unknown.length === 0 ? undefined : `The tests do not know the packages ${unknown.join(', ')}.`
}

/** A file of the repository, or one that a block of the document is. */
function fileOf(doc: Doc, file: string): string | undefined {
  const isShown = doc.blocks.some(({ text }) => text.startsWith(`// ${file}`))
  return isShown || existsSync(join(doc.folder, file)) ? undefined : `There is no file \`${file}\`.`
}

/** A subcommand of promherd with options that it has, and a program that is there or stands for the reader's own. */
function typedWell(doc: Doc, typed: string): string | undefined {
  const [name = '', ...words] = typed.split(' -- ', 1)[0]!.split(' ')
  const subcommand = promherd().commands.find(each => each.name() === name)
  if (subcommand === undefined) return `There is no \`promherd ${name}\`.`
  const known = subcommand.options.map(({ long }) => long)
  const unknown = words.find(word => word.startsWith('--') && !known.includes(word))
  if (unknown !== undefined) return `\`promherd ${name}\` has no \`${unknown}\`.`
  return name !== 'start' || words[0] === 'app.js' ? undefined : fileOf(doc, words[0]!)
}

function onLoopback(url: string): string | undefined {
  return /^(https?:\/\/)?(127\.0\.0\.1|localhost)[:/]/.test(url) ? undefined : `\`${url}\` is not on this machine.`
}
