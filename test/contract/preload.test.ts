import { ON_PRELOAD } from './contract.ts'
import { preload } from './harnesses/preload.ts'
import { keeps } from './law.ts'

preload()
keeps(ON_PRELOAD)
