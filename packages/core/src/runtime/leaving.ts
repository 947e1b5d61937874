/** What is done for a monitor when its process (or thread) exits. */
export interface Leaver {
  /** Called first, since a later listener may throw or call `process.exit()`, which ends the process at once. */
  readonly save: () => void
  /** Called last, so that what the application's own listeners count is counted. */
  readonly leave: () => void
}

// Two listeners for all monitors of the process: Node warns of a leak when there are many.
const LEAVING = new Set<Leaver>()

/** Has `leaver` called when the process exits. */
export function leaveAtExit(leaver: Leaver): void {
  if (LEAVING.size === 0) process.on('exit', saveAll).on('exit', leaveAll)
  LEAVING.add(leaver)
}

/** Takes that back. */
export function stayAtExit(leaver: Leaver): void {
  LEAVING.delete(leaver)
  if (LEAVING.size === 0) process.off('exit', saveAll).off('exit', leaveAll)
}

/** Puts `leave` behind the listeners that were added meanwhile. */
export function leaveLast(): void {
  if (LEAVING.size === 0 || process.listeners('exit').at(-1) === leaveAll) return
  process.off('exit', leaveAll).on('exit', leaveAll)
}

function saveAll(): void {
  for (const { save } of LEAVING) save()
}

function leaveAll(): void {
  for (const { leave } of LEAVING) leave()
}
