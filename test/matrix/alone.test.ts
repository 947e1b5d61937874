import { keeps } from '../contract/law.ts'
import { ON_ALONE } from './chapters.ts'

keeps(ON_ALONE)
