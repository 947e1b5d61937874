import { keeps } from '../contract/law.ts'
import { ON_COMMAND } from './chapters.ts'

keeps(ON_COMMAND)
