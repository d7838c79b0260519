// What the page has to know of a fragment of MP4 (ISO/IEC 14496-12): whether its picture
// can be decoded without those before it. Pure.

const pictures = 1; // the node's number for the track of the pictures
const flagsThere = 0x400; // in trun: each sample has flags of its own
const notSync = 0x10000; // in those: the sample needs others

/** isKey tells whether a fragment brings a key picture; what is no fragment brings none. */
export function isKey(fragment: ArrayBuffer): boolean {
  const view = new DataView(fragment);
  return boxes(view, 0, view.byteLength)
    .filter((b) => b.type === 'moof')
    .some((moof) =>
      boxes(view, moof.from, moof.to).some((b) => b.type === 'traf' && keyTrack(view, boxes(view, b.from, b.to))),
    );
}

interface Box {
  type: string;
  from: number; // of what is in it
  to: number;
}

// boxes are those that lie side by side between two places.
function boxes(view: DataView, from: number, to: number): Box[] {
  const found: Box[] = [];
  for (let at = from; at + 8 <= to; ) {
    const size = view.getUint32(at);
    if (size < 8 || at + size > to) break;
    const type = String.fromCharCode(...[4, 5, 6, 7].map((i) => view.getUint8(at + i)));
    found.push({ type, from: at + 8, to: at + size });
    at += size;
  }
  return found;
}

function keyTrack(view: DataView, inside: Box[]): boolean {
  const head = inside.find((b) => b.type === 'tfhd');
  const run = inside.find((b) => b.type === 'trun');
  if (!head || !run || run.to - run.from < 8 || view.getUint32(head.from + 4) !== pictures) return false;
  const flags = view.getUint32(run.from) & 0xffffff;
  if (!(flags & flagsThere)) return true;
  // Before the first sample: version and flags, count, data offset; in it: duration, size.
  const at = run.from + 8 + (flags & 0x1 ? 4 : 0) + (flags & 0x4 ? 4 : 0) + (flags & 0x100 ? 4 : 0) + (flags & 0x200 ? 4 : 0);
  return at + 4 <= run.to && !(view.getUint32(at) & notSync);
}
