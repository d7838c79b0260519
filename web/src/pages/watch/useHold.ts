import { useRef } from 'preact/hooks';

const holdFor = 600; // ms: longer than a tap, shorter than a person's patience

/** useHold calls back when a finger or the mouse rests on an element. */
export function useHold(then: () => void) {
  const timer = useRef(0);
  const end = (): void => clearTimeout(timer.current);
  return {
    onPointerDown: () => {
      end();
      timer.current = window.setTimeout(then, holdFor);
    },
    onPointerUp: end,
    onPointerCancel: end,
    onPointerLeave: end,
    onContextMenu: (e: Event) => e.preventDefault(), // a long touch would open it
  };
}
