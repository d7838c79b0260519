// A MediaSource buffer that takes fragments as they come. One append runs at a time; what
// comes meanwhile waits here and goes in together, so the wait is bounded by one append.

const keepBehind = 6; // s of played media kept, for browsers that seek back a little
const trimAt = 15;

export class FragmentBuffer {
  private queue: ArrayBuffer[] = [];
  private buffer: SourceBuffer | null = null;
  private mime = '';

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
      const first = buffer.buffered.length > 0 ? buffer.buffered.start(0) : 0;
      if (this.video.currentTime - first > trimAt) {
        buffer.remove(0, this.video.currentTime - keepBehind);
        return;
      }
      if (this.queue.length > 0) buffer.appendBuffer(joined(this.queue.splice(0)));
    } catch (err) {
      this.broken(err);
    }
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
