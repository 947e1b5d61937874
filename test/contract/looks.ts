import { expect } from 'vitest'
import { preloadedName } from './harnesses/preloading.ts'
import type { Chapter, Exception, Law, Subject } from './law.ts'
import { differences, type Looks, stackDifferences } from './looks-compared.ts'
import { sightsOf } from './looks-run.ts'

/**
 * Law 7, for what a program can look at of the classes that promherd hooks into: these are changed for all of a process,
 * so each kind of process is run by itself, with the same programs on every framework.
 */

interface Compared {
  readonly without: Looks
  readonly recorded: Looks
}

/** What is seen otherwise, in a few words: the kind of difference and the name of what differs. */
type Seen = readonly string[]

const ANOTHER = 'replaced by a function that calls it, with the same name, length and keys'
const LAYERS =
  'The methods of layers are accessors. For a layer of a router, they return a method that calls the original and records which layer responds.'
const IN_LAYERS =
  'A router calls its layers through a method of promherd, since Express does not record which layer responds.'
const CONTEXTS =
  'koa-mount is recognised by the property that it sets on a context. That property and the paths of a context are accessors.'
const OTHERS = 'The packages look up these methods for each request, and no other place reports the route'

const MOUNTED: Seen = ['accessor: mountPath', 'accessor: path', 'accessor: routerPath']

/** By subject: the reason, and exactly what is seen. */
const OBJECTS: Exceptions = {
  'Express 5': [LAYERS, ['accessor: handleError', 'accessor: handleRequest']],
  'Express 4': [LAYERS, ['accessor: handle_error', 'accessor: handle_request']],
  'Koa 3': [CONTEXTS, MOUNTED],
  [preloadedName('Fastify 5')]: [
    'Fastify passes a request only to its hooks, and its list contains the two of promherd.',
    ['added: 0'],
  ],
  [preloadedName('Koa 3')]: [
    `${CONTEXTS} \`createContext\`, and \`onerror\` of contexts, are each ${ANOTHER}; \`handleRequest\` is an accessor that returns the original, except in applications with an \`onerror\` of their own.`,
    [...MOUNTED, 'accessor: handleRequest', 'text: createContext', 'text: onerror'],
  ],
  [preloadedName('Hono 4')]: [
    `\`match\` of a router, which Hono assigns to, is an accessor. It is ${ANOTHER}, and so is each handler that it returns.`,
    ['accessor: match', 'text: match'],
  ],
  [preloadedName('NestJS 12')]: [
    `${LAYERS} \`next\` of \`ExceptionsHandler\`, the only function that receives a thrown error, is ${ANOTHER}.`,
    ['accessor: handleError', 'accessor: handleRequest', 'text: next'],
  ],
  ...Object.fromEntries(
    Object.entries({
      'hapi 21': ['generate'],
      polka: ['find'],
      'h3 1': ['method'],
      'h3 2': ['~findRoute'],
      ws: ['handleUpgrade'],
      'socket.io': ['handleRequest', 'handleUpgrade'],
    }).map(([name, methods]) => [
      preloadedName(name),
      [`${OTHERS}: each is ${ANOTHER}.`, methods.map(method => `text: ${method}`)],
    ]),
  ),
}

const UPGRADES = 'Node publishes upgrades on no diagnostics channel. promherd observes them in `emit` of the server.'

/** By subject: the reason, and the functions whose lines are in stacks, each with where it was seen. */
const STACKS: Exceptions = {
  'Express 5': [IN_LAYERS, ['handler: Layer.handleRequest', 'middleware: Layer.handleRequest']],
  'Express 4': [
    `${IN_LAYERS} Its errors are recorded in the function that layers receive as \`next\`.`,
    ['handler: Layer.handle', 'handler: next', 'middleware: Layer.handle', 'middleware: next'],
  ],
  [preloadedName('Fastify 5')]: [
    'Fastify passes a request only to its hooks. The hook and the function that calls hooks have a line.',
    ['middleware: Object.promherdHook', 'middleware: other lines'],
  ],
  [preloadedName('Hono 4')]: [
    'Hono passes a request only to its handlers, so a handler of promherd calls each of them.',
    ['handler: -', 'middleware: -'],
  ],
  [preloadedName('NestJS 12')]: [
    `${IN_LAYERS} Filters are called by \`next\` of \`ExceptionsHandler\`.`,
    ['filter: ExceptionsHandler.next', 'handler: Layer.handleRequest'],
  ],
  [preloadedName('ws')]: [
    `${UPGRADES} An accepted connection is reported by \`handleUpgrade\`, which a function of promherd calls.`,
    ['handler: Server.emit', 'handler: WebSocketServer.handleUpgrade', 'upgrade of the server: Server.emit'],
  ],
  [preloadedName('socket.io')]: [UPGRADES, ['upgrade of the server: Server.emit']],
}

type Exceptions = Readonly<Record<string, readonly [reason: string, seen: Seen]>>

const LAWS: readonly Law<Compared>[] = [
  {
    sentence:
      'classes, applications and the arguments of handlers are the same: keys, properties, prototypes, functions',
    run: async compared => hasOnly(differences(compared.without, compared.recorded), []),
    cannot: exceptions(OBJECTS, (compared, seen) => hasOnly(differences(compared.without, compared.recorded), seen)),
  },
  {
    sentence: 'the stack of any thrown error has the same lines as without promherd',
    run: async compared => hasOnly(stackDifferences(compared.without, compared.recorded), []),
    cannot: exceptions(STACKS, (compared, seen) =>
      hasOnly(stackDifferences(compared.without, compared.recorded), seen),
    ),
  },
  {
    sentence: 'the value of AsyncLocalStorage, and the executing async resource, are the same everywhere',
    run: async ({ without, recorded }) => expect(recorded.contexts).toEqual(without.contexts),
  },
]

function exceptions(
  all: Exceptions,
  check: (compared: Compared, seen: Seen) => void,
): Record<string, Exception<Compared>> {
  return Object.fromEntries(
    Object.entries(all).map(([name, [reason, seen]]) => [
      name,
      { reason, instead: async compared => check(compared, seen) },
    ]),
  )
}

function hasOnly(found: Seen, expected: Seen): void {
  expect([...found].sort()).toEqual([...expected].sort())
}

const ADAPTED = ['node:http', 'Express 5', 'Express 4', 'Fastify 5', 'Koa 3', 'Hono 4']
const PRELOADED = [...ADAPTED, 'hapi 21', 'NestJS 12', 'restify 12', 'polka', 'h3 1', 'h3 2', 'ws', 'socket.io']

function subject(name: string, isPreloaded: boolean): Subject<Compared> {
  return {
    name: isPreloaded ? preloadedName(name) : name,
    like: isPreloaded ? name : undefined,
    async within(use) {
      const [without, recorded] = isPreloaded
        ? [await sightsOf('without'), await sightsOf('without', true)]
        : [await sightsOf('nothing'), await sightsOf('adapter')]
      await use({ without: without.looks[name]!, recorded: recorded.looks[name]! })
    },
  }
}

export const LOOKS: Chapter<Compared> = {
  title: 'What a program sees of its framework',
  about:
    'All objects that can be reached from an application, its server and the arguments of a handler, by keys and ' +
    'prototypes. Processes with an adapter are compared to processes with a middleware that does nothing, and ' +
    'processes with the preload to processes without it. A test shows that each exception is complete. Not ' +
    'repeated here are the listeners for `close` on responses and connections, the accessor `emit` between a ' +
    'server and its class, and its line in the stacks of events other than `request`. The middleware, plugin or ' +
    'hook that the program adds itself has its own line.',
  subjects: [...ADAPTED.map(name => subject(name, false)), ...PRELOADED.map(name => subject(name, true))],
  laws: LAWS,
}
