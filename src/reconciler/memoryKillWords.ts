/** Why a server that is Ready may not be well: its user sees that a kernel has died. Empty where nothing was killed. */
export function memoryKillWords(kills: number): string {
  if (kills === 0) return '';
  return `${kills} of its processes ${kills === 1 ? 'was' : 'were'} killed for memory since it was started`;
}
