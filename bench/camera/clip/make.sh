#!/bin/sh
# Makes the clip of the test camera: main.h264 (1080p25, about 2 Mbit/s) and
# sub.h264 (640x360, about 0.45 Mbit/s), the same 200 pictures, both with a closed
# group of 50 and no B-frames, so that they can be looped without a seam.
#
# Each picture carries its number (000 to 199) in big digits and, for programs, as
# eight cells in the top left corner, most significant first, white = 1. A cell is
# 60x60 pixels of the 1080p picture, 20x20 of the sub stream, at 60 + 72 k, 60.
#
# Needs ffmpeg with libx264 and the font DejaVu Sans Mono (fonts-dejavu-core).
set -eu
cd "$(dirname "$0")"
font=${FONT:-/usr/share/fonts/truetype/dejavu/DejaVuSansMono-Bold.ttf}

cells="drawbox=x=48:y=48:w=588:h=84:color=gray:t=fill"
k=0
while [ $k -lt 8 ]; do
	x=$((60 + 72 * k))
	bit="gt(mod(floor(n/pow(2\,$((7 - k))))\,2)\,0)"
	cells="$cells,drawbox=x=$x:y=60:w=60:h=60:color=black:t=fill"
	cells="$cells,drawbox=x=$x:y=60:w=60:h=60:color=white:t=fill:enable='$bit'"
	k=$((k + 1))
done

# A board that stays, something that moves over it, and a little of the noise
# every real sensor has.
graph="
mandelbrot=size=1920x1080:rate=25:start_scale=2.5:end_scale=2.4:maxiter=400[board];
testsrc2=size=480x360:rate=25,format=yuv420p[teacher];
[board][teacher]overlay=x='720+600*sin(2*PI*n/200)':y=620,format=yuv420p,
noise=alls=4:allf=t,
drawtext=fontfile=$font:text='%{eif\:n\:d\:3}':fontsize=220:fontcolor=white:box=1:boxcolor=black:boxborderw=20:x=1360:y=60,
drawtext=fontfile=$font:text='classrelay':fontsize=64:fontcolor=white:x=60:y=180,
$cells,split[main][big];
[big]scale=640:360:flags=area[sub]"

gop="keyint=50:min-keyint=50:scenecut=0:bframes=0:open-gop=0:repeat-headers=1:aud=0"
bare="filter_units=remove_types=6" # the encoder's own SEI messages

ffmpeg -hide_banner -loglevel warning -y -filter_complex "$graph" \
	-map '[main]' -frames:v 200 -c:v libx264 -preset slow -profile:v high -level:v 4.0 -refs 2 -pix_fmt yuv420p \
	-b:v 2000k -maxrate 2200k -bufsize 2200k -x264-params "$gop" -bsf:v "$bare" -f h264 main.h264 \
	-map '[sub]' -frames:v 200 -c:v libx264 -preset slow -profile:v main -level:v 3.0 -refs 2 -pix_fmt yuv420p \
	-b:v 450k -maxrate 500k -bufsize 500k -x264-params "$gop" -bsf:v "$bare" -f h264 sub.h264
