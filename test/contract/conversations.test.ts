import { CONVERSATIONS } from './conversations.ts'
import { keeps } from './law.ts'

keeps(CONVERSATIONS)
