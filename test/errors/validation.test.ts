import { Ajv } from 'ajv'
import { celebrate } from 'celebrate'
import { IsString, ValidateNested, validateOrReject } from 'class-validator'
import { body, oneOf, validationResult } from 'express-validator'
import { HTTPException } from 'hono/http-exception'
import createError from 'http-errors'
import Joi from 'joi'
import { expect, test } from 'vitest'
import * as yup from 'yup'
import { z } from 'zod'
import { categoryOf } from '../../packages/core/src/http/category/category.ts'
import { answered, CLIENT_LEFT, thrownBy } from './support.ts'

/** The error of each library, made by letting it check something that is wrong. */
const LIBRARIES: readonly [string, () => unknown][] = [
  ['zod', () => z.object({ name: z.string() }).parse({})],
  ['zod mini, at the top', () => z.string().parse(5)],
  ['ajv', () => new Ajv().compile({ $async: true, type: 'object', required: ['name'] })({})],
  ['joi', () => Joi.attempt({}, Joi.object({ name: Joi.required() }))],
  ['joi, asynchronously', () => Joi.object({ name: Joi.required() }).validateAsync({})],
  ['yup', () => yup.object({ name: yup.string().required() }).validate({})],
  ['yup, all at once', () => twoWrongByYup()],
  ['express-validator', () => expressValidator(body('name').isEmail())],
  ['express-validator, one of several', () => expressValidator(oneOf([body('a').isEmail(), body('b').isEmail()]))],
  ['celebrate', () => celebrated()],
  ['class-validator', () => validateOrReject(new Person())],
  ['class-validator, nested', () => validateOrReject(new Family())],
]

test.each(LIBRARIES)('%s: a rejected request is validation', async (_name, refuse) => {
  const error = await thrownBy(refuse)
  expect(categoryOf(error, answered(400))).toBe('validation')
  expect(categoryOf(error, answered(422))).toBe('validation')
  expect(categoryOf(new HTTPException(400, { cause: error }), answered(400))).toBe('validation')
  expect(categoryOf(Object.assign(createError(422), { cause: error }), answered(422))).toBe('validation')
})

test.each(LIBRARIES)('%s: an error of the library with a response of 500 is an exception', async (_name, refuse) => {
  const error = await thrownBy(refuse)
  expect(categoryOf(error, answered(500))).toBe('exception')
  expect(categoryOf(error, answered(404))).toBe('not_found')
  expect(categoryOf(error, CLIENT_LEFT)).toBe('exception')
})

class Person {
  declare name: string
}
IsString()(Person.prototype, 'name')

class Family {
  readonly head: Person = new Person()
}
ValidateNested()(Family.prototype, 'head')

function twoWrongByYup(): Promise<unknown> {
  const schema = yup.object({ name: yup.string().required(), age: yup.number().required() })
  return schema.validate({}, { abortEarly: false })
}

async function expressValidator(chain: { run(request: object): Promise<unknown> }): Promise<void> {
  const request = { body: {} }
  await chain.run(request)
  validationResult(request).throw()
}

function celebrated(): Promise<void> {
  const middleware = celebrate({ body: Joi.object({ name: Joi.required() }) })
  return new Promise((resolve, reject) => {
    const next = (error?: unknown): void => (error === undefined ? resolve() : reject(error))
    middleware({ method: 'POST', body: {} } as never, {} as never, next)
  })
}
