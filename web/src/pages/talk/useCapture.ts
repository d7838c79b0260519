import { useEffect, useRef, useState } from 'preact/hooks';
import { asProblem, Problem } from '../../api/problem';
import { list, open, type Devices, type Wish } from '../../talk/devices';

export interface Capture {
  stream: MediaStream | null;
  problem: Problem | null;
  asking: boolean;
  devices: Devices;
  wish: Wish;
  open(): void;
  choose(wish: Wish): void;
}

/** useCapture holds the camera and the microphone; changed is told of another stream. */
export function useCapture(changed: (stream: MediaStream) => void): Capture {
  const [stream, setStream] = useState<MediaStream | null>(null);
  const [problem, setProblem] = useState<Problem | null>(window.isSecureContext ? null : new Problem('no-https'));
  const [asking, setAsking] = useState(false);
  const [devices, setDevices] = useState<Devices>({ cameras: [], microphones: [] });
  const [wish, setWish] = useState<Wish>({ camera: '', microphone: '' });
  const held = useRef<MediaStream | null>(null);

  const get = async (wanted: Wish): Promise<void> => {
    setAsking(true);
    try {
      const got = await orSound(wanted, setWish);
      held.current?.getTracks().forEach((track) => track.stop());
      held.current = got;
      setStream(got);
      setProblem(null);
      setDevices(await list());
      changed(got);
    } catch (err) {
      setProblem(asProblem(err, 'no-device'));
    } finally {
      setAsking(false);
    }
  };

  useEffect(() => {
    const plugged = (): void => void list().then(setDevices, () => undefined);
    navigator.mediaDevices?.addEventListener('devicechange', plugged);
    return () => {
      navigator.mediaDevices?.removeEventListener('devicechange', plugged);
      held.current?.getTracks().forEach((track) => track.stop());
    };
  }, []);

  const choose = (wanted: Wish): void => {
    setWish(wanted);
    void get(wanted);
  };
  return { stream, problem, asking, devices, wish, open: () => void get(wish), choose };
}

// orSound opens the microphone alone on a device without a camera.
async function orSound(wanted: Wish, setWish: (wish: Wish) => void): Promise<MediaStream> {
  try {
    return await open(wanted);
  } catch (err) {
    if (!(err instanceof Problem) || err.code !== 'no-device' || wanted.camera !== '') throw err;
    const sound = { ...wanted, camera: null };
    const got = await open(sound);
    setWish(sound);
    return got;
  }
}
