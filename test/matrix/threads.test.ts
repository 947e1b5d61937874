import { keeps } from '../contract/law.ts'
import { ON_THREADS } from './chapters.ts'

keeps(ON_THREADS)
