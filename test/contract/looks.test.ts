import { keeps } from './law.ts'
import { LOOKS } from './looks.ts'
import { LOOKS_OF_PROCESS } from './looks-process.ts'

keeps(LOOKS)
keeps(LOOKS_OF_PROCESS)
