import { describe } from 'vitest'
import { keeps } from '../contract/law.ts'
import { isSkipped } from '../support/skip.ts'
import { ON_CONTAINERS } from './chapters.ts'

describe.skipIf(isSkipped('namespaces'))('as root', () => keeps(ON_CONTAINERS))
