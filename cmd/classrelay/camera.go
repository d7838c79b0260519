package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"go.uber.org/zap"

	"github.com/classrelay/classrelay/bench/camera"
	"github.com/classrelay/classrelay/media"
	"github.com/classrelay/classrelay/relay/config"
)

// cameraFlags are the flags of the camera command.
type cameraFlags struct {
	cfg      camera.Config
	login    string
	clip     []string
	codec    string // of a synthetic picture; empty: the clip
	rate     string
	duration time.Duration
}

func newCamera(t terminal) *cobra.Command {
	var f cameraFlags
	cmd := &cobra.Command{
		Use:   "camera [--listen ADDRESS] [--push-main URL]",
		Short: "Run an RTSP camera for tests",
		Long: `A camera with a main stream, a sub stream and sound. It serves them as
rtsp://ADDRESS/main and rtsp://ADDRESS/sub, or pushes them, or both. It shows a clip
that is in the program, one of yours, or random bytes of a given rate.

Every frame carries the wall clock and its number in an SEI, for whoever measures.

Pictures keep the beat of the UNIX clock: without --drift, picture N is sent at N x 40 ms.
The clip in the program shows N mod 200, in digits and as eight white or black cells in
the top left corner. So whoever reads b from a screen at T knows when it was sent: the
newest N with N mod 200 = b and N x 40 ms <= T. Only for up to 2 s after somebody asked
for a key picture does the clip run ahead, and then that gives more than 6 s.`,
		Example: `  classrelay camera --listen :8654
  classrelay camera --listen :8654 --login viewer:secret --udp 8700
  classrelay camera --push-main rtsp://127.0.0.1:8554/room-7
  classrelay camera --synthetic h265 --rate 8Mbit/s`,
		Args: cobra.NoArgs,
		PreRunE: func(*cobra.Command, []string) error {
			return f.finish()
		},
		RunE: interruptible(func(ctx context.Context) error {
			ctx, end := within(ctx, f.duration)
			defer end()
			f.cfg.ByClock = true // so that a camera that was killed goes on when it is back
			log := newLogger("console", zap.InfoLevel, t.err)
			c, err := camera.New(f.cfg, log)
			if err != nil {
				return err
			}
			log.Info("camera on", zap.String("serves", f.cfg.Listen), zap.Bool("pushes", f.pushes()))
			return c.Run(ctx)
		}),
	}
	f.add(cmd)
	return cmd
}

func (f *cameraFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.cfg.Listen, "listen", "", "serve RTSP at this `address` (default :8654, none when it pushes)")
	flags.StringVar(&f.cfg.PushMain, "push-main", "", "push the main stream and the sound to this `URL`")
	flags.StringVar(&f.cfg.PushSub, "push-sub", "", "push the sub stream to this `URL`")
	flags.IntVar(&f.cfg.UDPPort, "udp", 0, "also send over UDP, from this even `port` and the next (default: TCP only)")
	flags.StringVar(&f.login, "login", "", "ask viewers for this `user:password`")
	flags.StringSliceVar(&f.clip, "clip", nil, "show these H.264 files, `main,sub` (25 pictures a second, no B-frames)")
	flags.StringVar(&f.codec, "synthetic", "", "send random bytes in place of a clip, as `h264 or h265`")
	flags.StringVar(&f.rate, "rate", "4Mbit/s", "the `rate` of a synthetic main stream; the sub stream has an eighth")
	flags.BoolVar(&f.cfg.Mute, "mute", false, "leave the sound out")
	flags.BoolVar(&f.cfg.Opus, "opus", false, "send silence in Opus in place of a tone in G.711")
	flags.Float64Var(&f.cfg.DriftPPM, "drift", 0, "let the camera's clock be fast or slow by this many `ppm`")
	flags.DurationVar(&f.duration, "for", 0, "stop after this `time` (default: at a signal)")
	_ = cmd.RegisterFlagCompletionFunc("synthetic",
		cobra.FixedCompletions([]string{"h264", "h265"}, cobra.ShellCompDirectiveNoFileComp))
}

func (f *cameraFlags) pushes() bool { return f.cfg.PushMain != "" || f.cfg.PushSub != "" }

// finish turns the flags into the camera's configuration. Its errors are of usage.
func (f *cameraFlags) finish() error {
	if f.cfg.Listen == "" && !f.pushes() {
		f.cfg.Listen = ":8654"
	}
	if f.login != "" {
		user, password, ok := strings.Cut(f.login, ":")
		if !ok || user == "" {
			return errors.New("--login: it is not user:password")
		}
		f.cfg.User, f.cfg.Password = user, password
	}
	if f.codec != "" && f.clip != nil {
		return errors.New("--clip and --synthetic exclude each other")
	}
	var err error
	if f.cfg.Source, err = f.source(); err != nil {
		return err
	}
	return f.cfg.Validate()
}

// source is what the camera shows; nil is the clip in the program.
func (f *cameraFlags) source() (camera.Source, error) {
	switch f.codec {
	case "":
		return f.openClip()
	case "h264", "h265":
		var rate config.Rate
		if err := rate.UnmarshalText([]byte(f.rate)); err != nil {
			return nil, fmt.Errorf("--rate: %w", err)
		}
		return &camera.Synthetic{
			Encoding: media.Codec(strings.ToUpper(f.codec)),
			MainRate: int(rate),
			SubRate:  int(rate / 8),
			Noise:    0.2,
		}, nil
	}
	return nil, fmt.Errorf("--synthetic: unknown codec %q (h264 or h265)", f.codec)
}

func (f *cameraFlags) openClip() (camera.Source, error) {
	if f.clip == nil {
		return nil, nil // the camera has its own clip
	}
	if len(f.clip) != 2 {
		return nil, errors.New("--clip: two files are wanted, main,sub")
	}
	var streams [2][]byte
	for i, path := range f.clip {
		var err error
		if streams[i], err = os.ReadFile(path); err != nil {
			return nil, fmt.Errorf("--clip: %w", err)
		}
	}
	clip, err := camera.NewClip(streams[0], streams[1])
	if err != nil {
		return nil, fmt.Errorf("--clip: %w", err)
	}
	return clip, nil
}
