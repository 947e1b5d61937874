import express from 'express'
import { fulfilsTheContract } from './contract.ts'
import { expressHarness } from './express-harness.ts'

fulfilsTheContract('Express 5', expressHarness(express))
