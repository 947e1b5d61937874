import { vi } from 'vitest'
import { ON_PRELOAD } from './contract.ts'
import { preload } from './harnesses/preload.ts'
import { keeps } from './law.ts'

// The harness takes parts of core that are not exported, and what those keep in mind is in one copy only.
vi.mock('@promherd/core', () => import('../../packages/core/dist/index.js'))
vi.mock('@promherd/core/frameworks', () => import('../../packages/core/dist/frameworks/index.js'))

preload()
keeps(ON_PRELOAD)
