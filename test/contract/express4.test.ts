import { createRequire } from 'node:module'
import { fulfilsTheContract } from './contract.ts'
import { type Express, expressHarness } from './express-harness.ts'

// Installed under another name, which has no types of its own.
const express4 = createRequire(import.meta.url)('express4') as Express

fulfilsTheContract('Express 4', expressHarness(express4))
