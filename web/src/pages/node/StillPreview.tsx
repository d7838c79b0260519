// A picture of the feed without a player: the camera's own snapshot where it gives one,
// else the last key frame, drawn by the browser. Only while it is seen.
import { useEffect, useRef, useState } from 'preact/hooks';
import { ask } from '../../api/ask';
import { say } from '../../i18n/words';
import { inPath } from '../../route';
import { drawKeyFrame } from './keyFrame';

const every = 5000; // ms: a glance, not a film; each costs the node a request to the camera

export function StillPreview({ feed, online }: { feed: string; online: boolean }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [has, setHas] = useState(false);
  useEffect(() => {
    const target = canvas.current;
    if (!target || !online) return;
    let inView = false;
    let source: 'snapshot' | 'keyframe' = 'snapshot';
    let busy = false;
    const look = async (): Promise<void> => {
      if (!inView || document.hidden || busy) return;
      busy = true;
      try {
        if (source === 'snapshot') await drawSnapshot(feed, target).catch(() => (source = 'keyframe'));
        if (source === 'keyframe') await drawFrame(feed, target);
        setHas(true);
      } catch {
        // nothing to show yet: asked again with the next round
      } finally {
        busy = false;
      }
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
  }, [feed, online]);
  return (
    <>
      <canvas ref={canvas} class={online ? 'still' : 'still old'} role="img" aria-label={say('feed.preview.of', { feed })} />
      {!has && <span class="thumb-empty">{say(online ? 'feed.nopreview' : 'feed.offline')}</span>}
    </>
  );
}

async function drawSnapshot(feed: string, canvas: HTMLCanvasElement): Promise<void> {
  const picture = await (await ask(`/api/v1/snapshot/${inPath(feed)}`)).blob();
  const image = await createImageBitmap(picture);
  canvas.width = image.width;
  canvas.height = image.height;
  canvas.getContext('2d')?.drawImage(image, 0, 0);
  image.close();
}

async function drawFrame(feed: string, canvas: HTMLCanvasElement): Promise<void> {
  const frame = await (await ask(`/api/v1/keyframe/${inPath(feed)}`)).blob();
  await drawKeyFrame(frame, canvas);
}
