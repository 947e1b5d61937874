import { keeps } from '../contract/law.ts'
import { ON_SEPARATE } from './chapters.ts'

keeps(ON_SEPARATE)
