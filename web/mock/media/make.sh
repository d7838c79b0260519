#!/bin/sh
# Makes what the mock node plays: lesson.mp4 (640x360, 25 fps, 6 s, a fragment per frame,
# closed groups of 50 so that it loops) and lesson.jpg, from the drawing room.svg.
# Needs ffmpeg with libx264, chromium and fonts-noto-cjk.
set -eu
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed 's/cx="428" cy="138" r="7"/cx="418" cy="120" r="7"/; s/M464 168l-34-28/M464 168l-44-46/' room.svg >"$work/b.svg"
cp room.svg "$work/a.svg"
for i in a b; do
	chromium --headless --no-sandbox --disable-gpu --no-first-run --disable-background-networking \
		--user-data-dir="$work/profile" --hide-scrollbars --window-size=640,360 \
		--screenshot="$work/$i.png" "file://$work/$i.svg" >/dev/null 2>&1
done
ffmpeg -hide_banner -loglevel warning -y -loop 1 -r 25 -i "$work/a.png" -loop 1 -r 25 -i "$work/b.png" \
	-filter_complex "[0][1]overlay=enable='lt(mod(t,1.5),0.6)',drawtext=text='%{pts\:hms}':fontsize=18:fontcolor=white:box=1:boxcolor=black@0.5:x=470:y=330,format=yuv420p" \
	-t 6 -c:v libx264 -preset slow -profile:v high -crf 27 -x264-params keyint=50:min-keyint=50:scenecut=0:bframes=0:open-gop=0 \
	-movflags empty_moov+default_base_moof+frag_every_frame lesson.mp4
ffmpeg -hide_banner -loglevel warning -y -i "$work/a.png" -q:v 4 lesson.jpg
