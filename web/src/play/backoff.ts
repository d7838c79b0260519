// How long to wait before try n (from 0) at reaching the node: soon at first, since a
// restart takes a second or two, and never longer than ten seconds, since a class waits.
// A fifth of chance keeps sixty panels from asking at the same moment after a power cut.
const first = 500; // ms
const longest = 10_000;

export function backoff(tries: number, chance: () => number = Math.random): number {
  const wait = Math.min(longest, first * 2 ** Math.min(tries, 10));
  return wait * (0.9 + 0.2 * chance());
}
