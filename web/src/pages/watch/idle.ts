import { useEffect, useState } from 'preact/hooks';

/** useIdle is true when nobody has moved, touched or typed for so many ms. */
export function useIdle(after: number): boolean {
  const [idle, setIdle] = useState(false);
  useEffect(() => {
    let timer = 0;
    const stir = (): void => {
      setIdle(false);
      clearTimeout(timer);
      timer = window.setTimeout(() => setIdle(true), after);
    };
    const kinds = ['pointermove', 'pointerdown', 'keydown', 'focusin'];
    kinds.forEach((kind) => document.addEventListener(kind, stir));
    stir();
    return () => {
      clearTimeout(timer);
      kinds.forEach((kind) => document.removeEventListener(kind, stir));
    };
  }, [after]);
  return idle;
}
