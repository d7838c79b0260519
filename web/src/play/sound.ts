// Browsers play sound by themselves only where they have been told to: a kiosk started
// with --autoplay-policy=no-user-gesture-required, or a person who has touched the page.

/** soundAllowed asks without disturbing the picture: a new audio context runs only where
 * sound may play. */
export function soundAllowed(): boolean {
  try {
    const context = new AudioContext();
    const running = context.state === 'running';
    void context.close();
    return running;
  } catch {
    return false;
  }
}

/** onFirstTouch calls back at the first touch or key; the returned function undoes it. */
export function onFirstTouch(then: () => void): () => void {
  const kinds = ['pointerdown', 'keydown'];
  const once = (): void => {
    undo();
    then();
  };
  const undo = (): void => kinds.forEach((kind) => document.removeEventListener(kind, once, true));
  kinds.forEach((kind) => document.addEventListener(kind, once, true));
  return undo;
}
