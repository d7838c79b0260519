import { useEffect } from 'preact/hooks';
import type { Problem } from '../api/problem';
import { toLogin } from '../route';

/** useLogin goes to the page where one logs in when a node wants that, and comes back. */
export function useLogin(problem: Problem | null): void {
  useEffect(() => {
    if (problem?.code === 'login' || problem?.code === 'expired') location.replace(toLogin(problem.code));
  }, [problem]);
}
