import type { Runtime, Session } from 'node:inspector'
import { nodeRequire } from '../../base/node-require.ts'

/** The variables of one scope by their names, or the bound value of a function, as `this`. */
export type Scope = Readonly<Record<string, unknown>>

/**
 * The variables that a function uses from the scopes around it, the innermost scope first. Only the inspector of V8 can
 * read them. It is connected for this one query and not for debugging, so no code runs differently, and the function
 * and its variables stay unchanged. Returns none if the process may not use an inspector.
 */
export function scopesOf(asked: object): readonly Scope[] {
  const handed = { asked, scopes: [] as Scope[] }
  let session: Session | undefined
  try {
    const inspector = nodeRequire()('node:inspector') as typeof import('node:inspector')
    session = new inspector.Session()
    session.connect()
    // An inspector and the code of a process share no other object that both can access by name.
    Object.defineProperty(globalThis, HANDED, { value: handed, configurable: true })
    read(session)
  } catch {
    // A permission model without inspectors, or a build without one.
  } finally {
    Reflect.deleteProperty(globalThis, HANDED)
    session?.disconnect()
  }
  return handed.scopes
}

const NAME = 'promherd.scopes'
const HANDED = Symbol.for(NAME)
const EXPRESSION = `globalThis[Symbol.for('${NAME}')]`
const HAND_BACK = `function () { ${EXPRESSION}.scopes.push(this.object) }`
const HAND_BACK_BOUND = `function () { ${EXPRESSION}.scopes.push({ this: this }) }`

function read(session: Session): void {
  const { result } = answerOf<Runtime.EvaluateReturnType>(session, 'Runtime.evaluate', {
    expression: `${EXPRESSION}.asked`,
    silent: true,
  })
  const { internalProperties } = propertiesOf(session, result.objectId)
  for (const { name, value } of internalProperties ?? []) {
    if (name === '[[BoundThis]]') handBack(session, value?.objectId, HAND_BACK_BOUND)
    if (name !== '[[Scopes]]') continue
    for (const { value: scope } of propertiesOf(session, value?.objectId).result) {
      // The global scopes of all scripts do not belong to a program that is an ES module or a CommonJS module.
      if (!/^(?:Global|Script)/.test(scope?.description ?? '')) handBack(session, scope?.objectId, HAND_BACK)
    }
  }
}

function handBack(session: Session, objectId: string | undefined, functionDeclaration: string): void {
  if (objectId === undefined) return
  answerOf(session, 'Runtime.callFunctionOn', { objectId, functionDeclaration, silent: true })
}

function propertiesOf(session: Session, objectId: string | undefined): Runtime.GetPropertiesReturnType {
  return answerOf(session, 'Runtime.getProperties', { objectId, ownProperties: true })
}

/** The response to a command, which an inspector in the same thread returns synchronously. */
function answerOf<Answer>(session: Session, method: string, parameters: object): Answer {
  let answer: object | undefined
  session.post(method, parameters, (error, result) => {
    if (error === null) answer = result
  })
  if (answer === undefined) throw new Error(`The inspector did not answer ${method}.`)
  return answer as Answer
}
