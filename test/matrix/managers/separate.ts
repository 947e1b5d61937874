import type { Manager } from '../herd.ts'
import { supervise } from './processes.ts'

export const SEPARATE: Manager = {
  name: 'Processes of a supervisor',
  about:
    'As systemd or runit start them: processes that share `PROMETHEUS_MULTIPROC_DIR`, each on its own port and restarted when it exits, and one more that calls `serveHerd()`. A reload stops one after the other with SIGTERM.',
  start: example => supervise(example, { prefix: [], endsWith: 'SIGTERM' }),
}
