import { keeps } from '../contract/law.ts'
import { ON_PRELOADED } from './chapters.ts'

keeps(ON_PRELOADED)
