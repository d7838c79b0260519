// How loud the microphone is, 0 to 1, some times a second.

const floor = -60; // dBFS: a quiet room; 0 dBFS is the loudest there is
const interval = 80; // ms

/** measure calls back until the returned function is called. */
export function measure(stream: MediaStream, heard: (level: number) => void): () => void {
  if (stream.getAudioTracks().length === 0) return () => undefined;
  const context = new AudioContext();
  const analyser = context.createAnalyser();
  analyser.fftSize = 1024; // 21 ms at 48 kHz
  context.createMediaStreamSource(stream).connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  const timer = setInterval(() => {
    if (context.state === 'suspended') void context.resume(); // until the page is touched
    analyser.getFloatTimeDomainData(samples);
    heard(loudness(samples));
  }, interval);
  return () => {
    clearInterval(timer);
    void context.close();
  };
}

/** loudness is the samples' level between a quiet room (0) and full scale (1). */
export function loudness(samples: Float32Array): number {
  let sum = 0;
  samples.forEach((s) => (sum += s * s));
  const db = 10 * Math.log10(sum / samples.length + 1e-12);
  return Math.min(1, Math.max(0, 1 - db / floor));
}
