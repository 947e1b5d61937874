import { isMap } from 'node:util/types'
import { isList, isObject, read, readFirst, readText } from './error-chain.ts'

/** Evidence that the request was at fault: error formats of validation libraries, and errors about bodies. */

/** True for an error that names the part of the request that failed validation. */
export function isValidation(error: object): boolean {
  return CHECKS.some(check => check(error))
}

/** True for an error that reports that the body was too large, or of an unsupported type. */
export function isPayload(error: object): boolean {
  return PAYLOAD_TYPES.has(readText(error, 'type')) || PAYLOAD_CODES.has(readText(error, 'code'))
}

/** True for an error that reports that the client disconnected while its body was read. */
export function isClientGone(error: object): boolean {
  return readText(error, 'type') === 'request.aborted'
}

/** The `type` of the errors of body-parser and raw-body. */
const PAYLOAD_TYPES: ReadonlySet<string> = new Set([
  'entity.too.large',
  'parameters.too.many',
  'encoding.unsupported',
  'charset.unsupported',
])

/** The `code` of Fastify's errors. */
const PAYLOAD_CODES: ReadonlySet<string> = new Set([
  'FST_ERR_CTP_BODY_TOO_LARGE',
  'FST_ERR_CTP_INVALID_MEDIA_TYPE',
  'FST_REQ_FILE_TOO_LARGE',
  'FST_PARTS_LIMIT',
  'FST_FILES_LIMIT',
  'FST_FIELDS_LIMIT',
])

const CHECKS: readonly ((error: object) => boolean)[] = [
  // Fastify: the list of validation failures.
  error => isList(read(error, 'validation')),
  // Ajv alone, for schemas that are checked asynchronously.
  error => read(error, 'ajv') === true && read(error, 'validation') === true,
  // zod, and other libraries with the same error format.
  error => isList(read(readFirst(error, 'issues'), 'path')),
  // Joi.
  error => read(error, 'isJoi') === true,
  // celebrate: a map from the part of the request to the error of Joi.
  error => read(firstOfMap(read(error, 'details')), 'isJoi') === true,
  // yup.
  error => isList(read(error, 'inner')) && typeof readFirst(error, 'errors') === 'string',
  // express-validator.
  error => isObject(readFirst(error, 'errors')) && isExpressValidator(readFirst(error, 'errors')),
  // The pipes of NestJS: the list of failures from class-validator, or a message such as that a string is not a number.
  error => typeof read(error, 'getResponse') === 'function' && isNestValidation(read(error, 'response')),
  // class-validator rejects with an array, not with an error.
  error => isList(error) && isClassValidator(read(error, '0')),
]

function isNestValidation(response: unknown): boolean {
  return isList(read(response, 'message')) || readText(response, 'message').startsWith('Validation failed')
}

function isExpressValidator(entry: unknown): boolean {
  if (read(entry, 'msg') === undefined) return false
  return readText(entry, 'location') !== '' || EXPRESS_VALIDATOR_TYPES.has(readText(entry, 'type'))
}

const EXPRESS_VALIDATOR_TYPES: ReadonlySet<string> = new Set(['alternative', 'alternative_grouped', 'unknown_fields'])

function isClassValidator(entry: unknown): boolean {
  return readText(entry, 'property') !== '' && (isObject(read(entry, 'constraints')) || isList(read(entry, 'children')))
}

function firstOfMap(map: unknown): unknown {
  try {
    return isMap(map) ? map.values().next().value : undefined
  } catch {
    return undefined
  }
}
