/** Callbacks of a monitor for the exit of its process or thread. */
export interface ExitHook {
  /** Called first, since a later listener may throw or call `process.exit()`, which ends the process at once. */
  readonly save: () => void
  /** Called last, so that counts made by the application's own listeners are included. */
  readonly leave: () => void
}

// Two listeners for all monitors of the process: Node warns of a leak if there are many.
const LEAVING = new Set<ExitHook>()

/** Registers `leaver` for the exit of the process. */
export function addExitHook(leaver: ExitHook): void {
  if (LEAVING.size === 0) process.on('exit', saveAll).on('exit', leaveAll)
  LEAVING.add(leaver)
}

/** Unregisters `leaver`. */
export function removeExitHook(leaver: ExitHook): void {
  LEAVING.delete(leaver)
  if (LEAVING.size === 0) process.off('exit', saveAll).off('exit', leaveAll)
}

/** Moves `leave` behind the listeners that were added since. */
export function moveExitHookLast(): void {
  if (LEAVING.size === 0 || process.listeners('exit').at(-1) === leaveAll) return
  process.off('exit', leaveAll).on('exit', leaveAll)
}

function saveAll(): void {
  for (const { save } of LEAVING) save()
}

function leaveAll(): void {
  for (const { leave } of LEAVING) leave()
}
