// A picture of the feed without a player: the camera's own snapshot where it gives one,
// else the last key frame, drawn by the browser. Only while it is seen.
import { useEffect, useRef, useState } from 'preact/hooks';
import { ask } from '../../api/ask';
import { asProblem, Problem } from '../../api/problem';
import { doProblem, say, sayProblem } from '../../i18n/words';
import { inPath } from '../../route';
import { drawKeyFrame } from './keyFrame';

const every = 5000; // ms: a glance, not a film; each costs the node a request to the camera
const cameraAgain = 6; // looks until a camera that failed is asked again: half a minute

interface Seen {
  has: boolean; // there is a picture
  camera: Problem | null; // why the camera's own snapshot is not it
  none: Problem | null; // why there is no newer picture at all
}

export function StillPreview({ feed, online }: { feed: string; online: boolean }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [seen, setSeen] = useState<Seen>({ has: false, camera: null, none: null });
  useEffect(() => {
    const target = canvas.current;
    if (target && online) return lookAt(feed, target, setSeen);
  }, [feed, online]);
  const camera = seen.camera?.code === 'no-snapshot' ? null : seen.camera;
  const why = camera ?? seen.none;
  return (
    <>
      <canvas ref={canvas} class={online ? 'still' : 'still old'} role="img" aria-label={say('feed.preview.of', { feed })} />
      {!seen.has && (
        <p class="thumb-empty">
          {!online && say('feed.offline')}
          {online && !why && say('preview.wait')}
          {online && why && (
            <>
              {sayProblem(why, feed)} <span class="thumb-do">{doProblem(why, feed)}</span>
            </>
          )}
        </p>
      )}
      {seen.has && online && camera && (
        <p class="thumb-note">
          {sayProblem(camera, feed)} {doProblem(camera, feed)}
        </p>
      )}
    </>
  );
}

// lookAt draws every some seconds while the canvas is on the screen, until undone.
function lookAt(feed: string, target: HTMLCanvasElement, setSeen: (change: (was: Seen) => Seen) => void): () => void {
  let inView = false;
  let busy = false;
  let resting = 0; // looks for which the camera is left alone
  let camera: Problem | null = null;
  const look = async (): Promise<void> => {
    if (!inView || document.hidden || busy) return;
    busy = true;
    if (resting-- <= 0) {
      camera = await failure(drawSnapshot(feed, target));
      resting = camera ? cameraAgain : 0;
    }
    const none = camera && (await failure(drawFrame(feed, target)));
    setSeen((was) => ({ has: was.has || !none, camera, none }));
    busy = false;
  };
  const seen = new IntersectionObserver((entries) => {
    inView = entries.some((e) => e.isIntersecting);
    void look();
  });
  seen.observe(target);
  const timer = setInterval(() => void look(), every);
  return () => {
    seen.disconnect();
    clearInterval(timer);
  };
}

async function failure(drawing: Promise<void>): Promise<Problem | null> {
  try {
    await drawing;
    return null;
  } catch (err) {
    return asProblem(err);
  }
}

async function drawSnapshot(feed: string, canvas: HTMLCanvasElement): Promise<void> {
  const picture = await (await ask(`/api/v1/snapshot/${inPath(feed)}`)).blob();
  const image = await createImageBitmap(picture).catch((err: unknown) => {
    throw new Problem('snapshot-wrong', String(err));
  });
  canvas.width = image.width;
  canvas.height = image.height;
  canvas.getContext('2d')?.drawImage(image, 0, 0);
  image.close();
}

async function drawFrame(feed: string, canvas: HTMLCanvasElement): Promise<void> {
  const frame = await (await ask(`/api/v1/keyframe/${inPath(feed)}`)).blob();
  await drawKeyFrame(frame, canvas).catch((err: unknown) => {
    throw new Problem('preview-codec', String(err));
  });
}
