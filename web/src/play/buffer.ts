// A MediaSource buffer that takes fragments as they come. One append runs at a time; what
// comes meanwhile waits here and goes in together, so the wait is bounded by one append.
import { isKey } from './fragment';

const keepBehind = 6; // s of played media kept, for browsers that seek back a little
const trimAt = 15;
const unsure = 0.5; // s: a key picture may lie this far before or behind where we think

export class FragmentBuffer {
  private queue: ArrayBuffer[] = [];
  private buffer: SourceBuffer | null = null;
  private mime = '';
  private keys: number[] = []; // s, about where key pictures lie, the oldest first

  constructor(
    private readonly source: MediaSource,
    private readonly video: HTMLVideoElement,
    private readonly broken: (err: unknown) => void,
  ) {}

  /** type says what the following fragments are, and that an init segment comes first. */
  type(mime: string): void {
    if (!this.buffer) {
      this.buffer = this.source.addSourceBuffer(mime);
      this.buffer.onupdateend = () => this.next();
    } else if (mime !== this.mime && 'changeType' in this.buffer) {
      if (this.buffer.updating) this.buffer.abort();
      this.queue = [];
      this.buffer.changeType(mime);
    }
    this.mime = mime;
  }

  add(fragment: ArrayBuffer): void {
    if (isKey(fragment)) this.keys.push(this.range()?.end ?? 0);
    this.queue.push(fragment);
    this.next();
  }

  /** range is the last stretch of the buffer, where live is. */
  range(): { start: number; end: number } | null {
    const n = this.buffer?.buffered.length ?? 0;
    if (!this.buffer || n === 0) return null;
    return { start: this.buffer.buffered.start(n - 1), end: this.buffer.buffered.end(n - 1) };
  }

  private next(): void {
    const { buffer } = this;
    if (!buffer || buffer.updating || this.source.readyState !== 'open') return;
    try {
      const played = this.played(buffer);
      if (played != null) return buffer.remove(0, played);
      if (this.queue.length > 0) buffer.appendBuffer(joined(this.queue.splice(0)));
    } catch (err) {
      this.broken(err);
    }
  }

  // played is up to where the buffer can be emptied, when there is much. A browser removes
  // on to the next key picture, so it has to be up to one: with a page that talks back, whose
  // key pictures lie minutes apart, everything that is still to be shown would go too.
  private played(buffer: SourceBuffer): number | null {
    const now = this.video.currentTime;
    if (buffer.buffered.length === 0 || now - buffer.buffered.start(0) < trimAt) return null;
    while ((this.keys[1] ?? now) < now - keepBehind) this.keys.shift();
    const end = (this.keys[0] ?? now) - unsure;
    return end < now - keepBehind && end > buffer.buffered.start(0) ? end : null;
  }
}

function joined(parts: ArrayBuffer[]): ArrayBuffer {
  if (parts.length === 1 && parts[0]) return parts[0];
  const all = new Uint8Array(parts.reduce((n, p) => n + p.byteLength, 0));
  let at = 0;
  for (const part of parts) {
    all.set(new Uint8Array(part), at);
    at += part.byteLength;
  }
  return all.buffer;
}
