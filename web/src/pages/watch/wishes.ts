// What the address of the page asks for.
import type { Via } from '../../play/road';

export interface Wishes {
  kiosk: boolean;
  via: Via | null;
  layer: 'main' | 'sub' | null;
}

export function wishes(query: string): Wishes {
  const asked = new URLSearchParams(query);
  return {
    kiosk: asked.get('kiosk') === '1',
    via: oneOf(asked.get('via'), ['whep', 'mse']),
    layer: oneOf(asked.get('layer'), ['main', 'sub']),
  };
}

function oneOf<T extends string>(text: string | null, allowed: readonly T[]): T | null {
  return allowed.find((a) => a === text) ?? null;
}
