// The mock's lesson: a small MP4 with a fragment per frame, played again and again on one
// timeline by writing each fragment's decode time anew (ISO/IEC 14496-12 §8.8.12).
import { readFileSync } from 'node:fs';

export interface Clip {
  codec: string;
  init: Buffer; // ftyp and moov
  frames: Buffer[]; // moof and mdat each
  duration: number; // of a frame, in the track's timescale
  timescale: number;
  keyFrame: Buffer; // init and the first frame
}

let read: Clip | null = null;

export function clip(): Clip {
  read ??= load(readFileSync(new URL('./mock/media/lesson.mp4', `file://${process.cwd()}/`)));
  return read;
}

function load(file: Buffer): Clip {
  const init: Buffer[] = [];
  const frames: Buffer[] = [];
  let moof: Buffer | null = null;
  for (let at = 0; at < file.length; ) {
    const size = file.readUInt32BE(at);
    const box = file.subarray(at, at + size);
    const type = box.toString('latin1', 4, 8);
    if (type === 'ftyp' || type === 'moov') init.push(box);
    if (type === 'moof') moof = box;
    if (type === 'mdat' && moof) frames.push(Buffer.concat([moof, box]));
    at += size;
  }
  const head = Buffer.concat(init);
  const avcC = head.indexOf('avcC') + 4;
  const codec = `avc1.${head.toString('hex', avcC + 1, avcC + 4)}`;
  const timescale = head.readUInt32BE(head.indexOf('mdhd') + 16);
  const first = frames[0];
  if (!first) throw new Error('the clip has no frame: run mock/media/make.sh');
  const keyFrame = Buffer.concat([head, first]);
  return { codec, init: head, frames, duration: timescale / 25, timescale, keyFrame };
}

/** frameAt is frame n of the endless lesson. */
export function frameAt(c: Clip, n: number): Buffer {
  const frame = Buffer.from(c.frames[n % c.frames.length] ?? c.keyFrame);
  const tfdt = frame.indexOf('tfdt') + 4;
  const time = n * c.duration;
  if (frame[tfdt] === 1) frame.writeBigUInt64BE(BigInt(time), tfdt + 4);
  else frame.writeUInt32BE(time, tfdt + 4);
  return frame;
}
