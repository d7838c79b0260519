// The camera and the microphone: which there are, and opening them.
import { Problem } from '../api/problem';

export interface Wish {
  camera: string | null; // a device's id; '' the browser's own choice; null none
  microphone: string;
}

export interface Devices {
  cameras: MediaDeviceInfo[];
  microphones: MediaDeviceInfo[];
}

/** open asks the person, through the browser. A refusal is a Problem in plain words. */
export async function open(wish: Wish): Promise<MediaStream> {
  if (!window.isSecureContext || !navigator.mediaDevices) throw new Problem('no-https');
  try {
    return await navigator.mediaDevices.getUserMedia({
      audio: {
        ...named(wish.microphone),
        echoCancellation: true,
        noiseSuppression: true,
        autoGainControl: true,
      },
      // 720p at 25: what a room camera's sub stream and most built-in cameras give.
      video: wish.camera != null && {
        ...named(wish.camera),
        width: { ideal: 1280 },
        height: { ideal: 720 },
        frameRate: { ideal: 25, max: 30 },
      },
    });
  } catch (err) {
    throw refusal(err);
  }
}

/** list names the devices; the browser tells their names once it has been allowed to. */
export async function list(): Promise<Devices> {
  const all = await navigator.mediaDevices.enumerateDevices();
  return {
    cameras: all.filter((d) => d.kind === 'videoinput'),
    microphones: all.filter((d) => d.kind === 'audioinput'),
  };
}

function named(id: string): MediaTrackConstraints {
  return id ? { deviceId: { exact: id } } : {};
}

function refusal(err: unknown): Problem {
  const name = err instanceof Error ? err.name : '';
  switch (name) {
    case 'NotAllowedError':
    case 'SecurityError':
      return new Problem('permission', String(err));
    case 'NotReadableError':
    case 'AbortError':
      return new Problem('device-busy', String(err));
  }
  return new Problem('no-device', String(err)); // NotFoundError, OverconstrainedError
}
