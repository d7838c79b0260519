package camera

import (
	"context"
	"fmt"
	"time"

	"github.com/pion/rtp"

	"github.com/classrelay/classrelay/bench/stamp"
	"github.com/classrelay/classrelay/media"
)

// outlet is where packets go: the server, a pusher.
type outlet interface {
	// write sends the packets of one frame; ntp is the camera's wall clock. It
	// does not wait for viewers.
	write(layer media.Layer, packets []*rtp.Packet, ntp time.Time)
	// drop closes the connections.
	drop()
}

// show is the camera between power on and power off. Its goroutine is that of
// Camera.Run.
type show struct {
	camera  *Camera
	outlets []outlet
	beat    beat
	films   [media.LayerAudio]film // main and sub
	cutters [media.NumLayers]*cutter
	orders  orders
}

func newShow(c *Camera, outlets []outlet, now time.Time) (*show, error) {
	s := &show{camera: c, outlets: outlets, beat: beatFrom(now, c.cfg.ByClock, c.cfg.DriftPPM)}
	for layer := range media.Layer(media.NumLayers) {
		cut, err := newCutter(&c.cfg, layer, now)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", layer, err)
		}
		s.cutters[layer] = cut
	}
	return s, nil
}

// play sends until ctx ends or a reboot is ordered.
func (s *show) play(ctx context.Context) error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-s.camera.wake:
		case <-timer.C:
		}
		s.takeOrders()
		if s.orders.reboot {
			return nil
		}
		if s.orders.drop {
			for _, o := range s.outlets {
				o.drop()
			}
		}
		if err := s.sendDue(); err != nil {
			return err
		}
		timer.Reset(time.Until(s.beat.next()))
	}
}

func (s *show) takeOrders() {
	s.orders = s.camera.takeOrders()
	for layer, asked := range s.orders.keys {
		if !asked.IsZero() {
			s.films[layer].ask(asked)
		}
	}
}

// sendDue sends everything whose time has come, late ones at once.
func (s *show) sendDue() error {
	for {
		now := time.Now()
		sound, picture := s.beat.soundDue(), s.beat.pictureDue()
		switch {
		case !sound.After(now) && !picture.Before(sound):
			if err := s.sendSound(); err != nil {
				return err
			}
			s.beat.sounds++
		case !picture.After(now):
			if err := s.sendPicture(); err != nil {
				return err
			}
			s.beat.pictures++
		default:
			return nil
		}
	}
}

// sendPicture sends one picture in both layers. While paused time passes and
// nothing else.
func (s *show) sendPicture() error {
	if s.orders.paused {
		return nil
	}
	number := s.camera.nextNumber(s.beat.number())
	for _, layer := range []media.Layer{media.LayerMain, media.LayerSub} {
		if s.camera.cfg.ByClock {
			s.films[layer].home(s.camera.cfg.Source, layer, number)
		}
		index := s.films[layer].next(s.camera.cfg.Source, layer, time.Now())
		p := s.camera.cfg.Source.Picture(layer, index)
		s.camera.note(layer, number, index)
		now := time.Now()
		au := stamp.Append(s.camera.cfg.Source.Codec(), p.NALs, stamp.Stamp{
			Sent: now, Number: number, Layer: layer, Key: p.Key, GOP: uint16(p.GOP),
		})
		packets, err := s.cutters[layer].cut(au, s.beat.pictures)
		if err != nil {
			return fmt.Errorf("%s, picture %d: %w", layer, index, err)
		}
		s.write(layer, packets, now)
	}
	return nil
}

func (s *show) sendSound() error {
	if s.orders.paused || s.camera.cfg.Mute {
		return nil
	}
	now := time.Now()
	payload := soundPayload(s.camera.tone, s.camera.nextSound(), s.camera.cfg.StampSound, now)
	if s.camera.cfg.Opus {
		payload = opusSilence()
	}
	packets, err := s.cutters[media.LayerAudio].cut([][]byte{payload}, s.beat.sounds)
	if err != nil {
		return fmt.Errorf("sound: %w", err)
	}
	s.write(media.LayerAudio, packets, now)
	return nil
}

func (s *show) write(layer media.Layer, packets []*rtp.Packet, now time.Time) {
	size := 0
	for _, p := range packets {
		size += len(p.Payload)
	}
	s.camera.count(len(packets), size)
	ntp := s.beat.wall(now).Add(s.orders.jump)
	for _, o := range s.outlets {
		o.write(layer, packets, ntp)
	}
}
