// Small choices of a person, kept on this device where the browser lets us.

export function remembered<T extends string>(key: string, allowed: readonly T[]): T | null {
  try {
    const kept = localStorage.getItem(`classrelay.${key}`);
    return allowed.find((a) => a === kept) ?? null;
  } catch {
    return null;
  }
}

export function remember(key: string, value: string): void {
  try {
    localStorage.setItem(`classrelay.${key}`, value);
  } catch {
    // no storage in this browser: the choice lasts as long as the page
  }
}
