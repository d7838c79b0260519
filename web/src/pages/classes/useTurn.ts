import { useEffect, useState } from 'preact/hooks';
import { turnClass } from '../../api/ask';
import { asProblem, type Problem } from '../../api/problem';
import type { ClassState } from '../../api/types';
import { isTrue, type Turn } from './turns';

export interface Turning {
  turn: Turn | null; // asked for, and not yet so
  late: boolean; // the last one did not come true in time
  problem: Problem | null; // why the last one was refused
  ask(turn: Turn): void;
}

const patience = 5000; // ms: a turn takes a round trip to the hub and back

/** useTurn asks for a turn and waits until the class has it. */
export function useTurn(c: ClassState, look: () => void): Turning {
  const [turn, setTurn] = useState<Turn | null>(null);
  const [late, setLate] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  const done = turn !== null && isTrue(c, turn);

  useEffect(() => {
    if (done) setTurn(null);
  }, [done]);
  useEffect(() => {
    if (!turn) return;
    const timer = window.setTimeout(() => {
      setTurn(null);
      setLate(true);
    }, patience);
    return () => clearTimeout(timer);
  }, [turn]);

  const ask = (to: Turn): void => {
    setTurn(to);
    setLate(false);
    setProblem(null);
    turnClass(c.id, to).then(look, (err: unknown) => {
      setTurn(null);
      setProblem(asProblem(err));
    });
  };
  return { turn: done ? null : turn, late, problem, ask };
}
