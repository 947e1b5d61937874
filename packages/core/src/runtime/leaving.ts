// One listener for all monitors of the process: Node warns of a leak when there are many.
const LEAVING = new Set<() => void>()

/** Has `leave` called when the process (or thread) exits. */
export function leaveAtExit(leave: () => void): void {
  if (LEAVING.size === 0) process.on('exit', leaveAll)
  LEAVING.add(leave)
}

/** Takes that back. */
export function stayAtExit(leave: () => void): void {
  LEAVING.delete(leave)
  if (LEAVING.size === 0) process.off('exit', leaveAll)
}

function leaveAll(): void {
  for (const leave of LEAVING) leave()
}
