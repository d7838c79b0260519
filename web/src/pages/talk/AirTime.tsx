import { useEffect, useState } from 'preact/hooks';

/** AirTime is for how long this room has been seen, as 3:07 or 1:02:07. */
export function AirTime() {
  const [seconds, setSeconds] = useState(0);
  useEffect(() => {
    const began = performance.now();
    const timer = setInterval(() => setSeconds(Math.floor((performance.now() - began) / 1000)), 1000);
    return () => clearInterval(timer);
  }, []);
  const two = (n: number): string => String(n).padStart(2, '0');
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  return <span class="air-time">{`${hours ? `${hours}:${two(minutes % 60)}` : minutes}:${two(seconds % 60)}`}</span>;
}
