import { keeps } from './law.ts'
import { ON_NODE_HTTP } from './routes/node-http.ts'

keeps(ON_NODE_HTTP)
