import type { Manager } from '../herd.ts'
import { supervise } from './processes.ts'

/** A separate pid namespace and /proc, as in a container. `unshare` and its child exit together. */
const CONTAINER = ['unshare', '--pid', '--fork', '--mount-proc', '--kill-child=SIGKILL']

export const CONTAINERS: Manager = {
  name: 'Containers with a shared volume',
  about:
    'As before, but each process runs in its own pid namespace, where it has the same pid as the others. A process cannot see whether another one is running, so each writes a heartbeat. A killed process is taken for running for a minute, and its number is free only then; its counts are always there. A reload kills each process and starts it again.',
  start: example => supervise(example, { prefix: CONTAINER, endsWith: 'SIGKILL' }),
}
