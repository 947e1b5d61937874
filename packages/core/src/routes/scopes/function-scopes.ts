import type { Runtime, Session } from 'node:inspector'
import { nodeRequire } from '../../base/node-require.ts'

/** The variables of one scope by their names, or the bound value of a function, as `this`. */
export type Scope = Readonly<Record<string, unknown>>

/**
 * The variables in the closure of a function, the innermost scope first. Only the inspector of V8 can read them. A
 * session is connected for this one query, and debugging is not enabled, so the program behaves the same. Returns an
 * empty array if the process may not use an inspector.
 */
export function scopesOf(target: object): readonly Scope[] {
  const query = { target, scopes: [] as Scope[] }
  let session: Session | undefined
  try {
    const inspector = nodeRequire()('node:inspector') as typeof import('node:inspector')
    session = new inspector.Session()
    session.connect()
    // A global property is the only way to pass an object between the code of a process and the inspector.
    Object.defineProperty(globalThis, QUERY, { value: query, configurable: true })
    read(session)
  } catch {
    // The permission model forbids the inspector, or Node was built without it.
  } finally {
    Reflect.deleteProperty(globalThis, QUERY)
    session?.disconnect()
  }
  return query.scopes
}

const NAME = 'promherd.scopes'
const QUERY = Symbol.for(NAME)
const EXPRESSION = `globalThis[Symbol.for('${NAME}')]`
const COLLECT = `function () { ${EXPRESSION}.scopes.push(this.object) }`
const COLLECT_BOUND = `function () { ${EXPRESSION}.scopes.push({ this: this }) }`

function read(session: Session): void {
  const { result } = post<Runtime.EvaluateReturnType>(session, 'Runtime.evaluate', {
    expression: `${EXPRESSION}.target`,
    silent: true,
  })
  const { internalProperties } = propertiesOf(session, result.objectId)
  for (const { name, value } of internalProperties ?? []) {
    if (name === '[[BoundThis]]') collect(session, value?.objectId, COLLECT_BOUND)
    if (name !== '[[Scopes]]') continue
    for (const { value: scope } of propertiesOf(session, value?.objectId).result) {
      // The global scopes of all scripts do not belong to a program that is an ES module or a CommonJS module.
      if (!/^(?:Global|Script)/.test(scope?.description ?? '')) collect(session, scope?.objectId, COLLECT)
    }
  }
}

function collect(session: Session, objectId: string | undefined, functionDeclaration: string): void {
  if (objectId === undefined) return
  post(session, 'Runtime.callFunctionOn', { objectId, functionDeclaration, silent: true })
}

function propertiesOf(session: Session, objectId: string | undefined): Runtime.GetPropertiesReturnType {
  return post(session, 'Runtime.getProperties', { objectId, ownProperties: true })
}

/** Sends a command and returns its response, which the inspector passes to the callback synchronously. */
function post<Response>(session: Session, method: string, parameters: object): Response {
  let response: object | undefined
  session.post(method, parameters, (error, result) => {
    if (error === null) response = result
  })
  if (response === undefined) throw new Error(`The inspector did not respond to ${method}.`)
  return response as Response
}
