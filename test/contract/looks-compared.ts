/** The objects of a program: the keys of each object by its path, stacks by the place of their creation, and contexts. */
export interface Looks {
  readonly exchange: Shape | undefined
  readonly seen: Shape
  readonly stacks: Readonly<Record<string, readonly string[]>>
  readonly contexts: Readonly<Record<string, unknown>>
}

type Shape = Readonly<Record<string, Readonly<Record<string, string>>>>

/** The objects of the programs of one process, and the state of the process before and after them. */
export interface Sights {
  readonly looks: Readonly<Record<string, Looks>>
  readonly before: LooksOfProcess
  readonly after: LooksOfProcess
}

export type LooksOfProcess = Readonly<Record<string, unknown>>

/** Each kind of difference between the objects of two programs, once. */
export function differences(without: Looks, recorded: Looks): string[] {
  const found = new Set<string>()
  for (const [shape, other] of [
    [without.exchange ?? {}, recorded.exchange ?? {}],
    [without.seen, recorded.seen],
  ] as const) {
    for (const path of new Set([...Object.keys(shape), ...Object.keys(other)])) {
      const [was, is] = [shape[path], other[path]]
      // The value of a key that only one object has: the key itself is already reported.
      if (was === undefined || is === undefined) continue
      for (const key of new Set([...Object.keys(was), ...Object.keys(is)])) {
        const difference = differenceOf(key, was[key], is[key])
        if (difference !== undefined) found.add(difference)
      }
    }
  }
  return [...found]
}

function differenceOf(key: string, was: string | undefined, is: string | undefined): string | undefined {
  if (was === is || key === 'between') return undefined
  if (key === '_events') return withoutOurs(is ?? '') === was ? undefined : `listeners: ${was} became ${is}`
  if (was === undefined || is === undefined) {
    if (is?.includes(' get function ') === true) return `accessor: ${key}`
    return `${was === undefined ? 'added' : 'gone'}: ${key}`
  }
  if (!was.includes('get ') && is.includes(' get function ')) return `accessor: ${key}`
  // The middleware, or the hook, that the program has added itself.
  if (/ function promherd\//.test(was) && / function promherd\//.test(is)) return undefined
  const [texts, others] = [was, is].map(text => text.replaceAll(/\/[0-9a-f]{8}\b/g, '/text'))
  return texts === others ? `text: ${key}` : `${key}: ${was} became ${is}`
}

/** The additions in every program: the listeners for `close` on its responses and connections. */
function withoutOurs(events: string): string {
  return events.replace(/\bclose: (?:onResponseClose |onCarrierClose |- (?=(?:- )*socketOnClose))/, 'close: ')
}

/** The functions that are in only one of the stacks, each with the place where the stack was created. */
export function stackDifferences(without: Looks, recorded: Looks): string[] {
  const places = new Set([...Object.keys(without.stacks), ...Object.keys(recorded.stacks)])
  // Events of a server other than requests: see "Servers that are taken over".
  places.delete('connection of the server')
  return [...places].flatMap(place => {
    const [was, is] = [without.stacks[place] ?? ['none'], recorded.stacks[place] ?? ['none']]
    const ours = is.filter(line => line.startsWith('PROMHERD ') && !isMiddleware(line)).map(nameOf)
    const others = is.filter(line => !line.startsWith('PROMHERD ') && !isMiddleware(line)).map(nameOf)
    const found = [...new Set(ours.map(name => `${place}: ${name}`))]
    if (
      others.join('\n') !==
      was
        .filter(line => !isMiddleware(line))
        .map(nameOf)
        .join('\n')
    )
      found.push(`${place}: other lines`)
    return found
  })
}

/** True for a line of the middleware or hook that the program has added, or of the function that does nothing instead. */
function isMiddleware(line: string): boolean {
  return /\bpromherd$/.test(nameOf(line))
}

/** An accessor is called by its name, where a method is by its name and its alias. */
function nameOf(line: string): string {
  return (
    line
      .replace(/^PROMHERD /, '')
      .replace(/ \[as \w+\]/, '')
      .replace(/ \S*$/, '') || '-'
  )
}

/** The differences of a process: the keys of its description, each with the added and the removed values. */
export function processDifferences(without: LooksOfProcess, recorded: LooksOfProcess): Record<string, unknown> {
  const found: Record<string, unknown> = {}
  for (const key of Object.keys(without)) {
    const [was, is] = [without[key], recorded[key]].map(entriesOf) as [string[], string[]]
    const [more, less] = [is.filter(entry => !was.includes(entry)), was.filter(entry => !is.includes(entry))]
    if (more.length + less.length > 0) found[key] = less.length === 0 ? more : { more, less }
  }
  return found
}

function entriesOf(value: unknown): string[] {
  if (Array.isArray(value)) return value.map(String)
  if (typeof value !== 'object' || value === null) return [String(value)]
  return Object.entries(value).flatMap(([name, entries]) => [entries].flat().map(entry => `${name} ${String(entry)}`))
}
