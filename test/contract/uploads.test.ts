import { keeps } from './law.ts'
import { UPLOADS } from './uploads.ts'

keeps(UPLOADS)
