import { keeps } from '../contract/law.ts'
import { OPTIONS } from './adapters.ts'
import { KNOWN_ROUTES } from './known-routes.ts'

keeps(OPTIONS)
keeps(KNOWN_ROUTES)
