package webrtc

import (
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/interceptor"
	"github.com/pion/interceptor/pkg/nack"
	"github.com/pion/interceptor/pkg/report"
	"github.com/pion/logging"
	pion "github.com/pion/webrtc/v4"
)

const (
	playoutDelayURI   = "http://www.webrtc.org/experiments/rtp-hdrext/playout-delay"
	absCaptureTimeURI = "http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time"
)

const (
	// resendable is how many packets of a picture are kept for retransmission, for
	// each player: two seconds of 5 Mbit/s, in 1.5 MB. A browser asks within a round
	// trip, but a cached group of pictures comes in one burst.
	resendable = 1024
	// askAgain is how often a browser is asked for what is missing. pion's own 100 ms
	// would be three frames.
	askAgain = 20 * time.Millisecond
	// A page that is heard from no more is doubted after disconnectAfter and given up
	// failAfter later. Browsers check every 2.5 s, and report every second.
	disconnectAfter = 6 * time.Second
	failAfter       = 6 * time.Second
	keepalive       = 2 * time.Second
)

// settings is what all connections share: ICE-lite on two sockets.
func settings(udp ice.UDPMux, tcp ice.TCPMux, logs logging.LoggerFactory) pion.SettingEngine {
	e := pion.SettingEngine{LoggerFactory: logs}
	e.SetLite(true)
	e.SetICEUDPMux(udp)
	e.SetICETCPMux(tcp)
	e.SetNetworkTypes([]pion.NetworkType{
		pion.NetworkTypeUDP4, pion.NetworkTypeUDP6, pion.NetworkTypeTCP4, pion.NetworkTypeTCP6,
	})
	e.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	e.SetIncludeLoopbackCandidate(true) // candidates.go leaves it out again for all others
	e.SetICETimeouts(disconnectAfter, failAfter, keepalive)
	return e
}

// engine makes the API for one connection: it knows the formats that were chosen, as
// the page numbers them, and no others, so the answer has no choice left.
func (s *Server) engine(video, audio *codec, ext []extension, steer *steering) (*pion.API, error) {
	m := &pion.MediaEngine{}
	if err := register(m, video, pion.RTPCodecTypeVideo); err != nil {
		return nil, err
	}
	if err := register(m, audio, pion.RTPCodecTypeAudio); err != nil {
		return nil, err
	}
	for _, x := range ext {
		if err := m.RegisterHeaderExtension(pion.RTPHeaderExtensionCapability{URI: x.uri}, x.kind); err != nil {
			return nil, err
		}
	}
	chain, set := &interceptor.Registry{}, s.settings
	if steer != nil {
		steered(m, chain, &set, steer)
	}
	if err := s.finish(m, chain, len(ext) == 0); err != nil {
		return nil, err
	}
	return pion.NewAPI(pion.WithMediaEngine(m), pion.WithSettingEngine(set),
		pion.WithInterceptorRegistry(chain)), nil
}

// extension is a header extension (RFC 8285) that we can write.
type extension struct {
	uri  string
	kind pion.RTPCodecType
}

// written are the extensions of what goes to pages. numbered: they shall tell what
// becomes of each packet.
func written(numbered bool) []extension {
	list := []extension{
		{playoutDelayURI, pion.RTPCodecTypeVideo},
		{absCaptureTimeURI, pion.RTPCodecTypeVideo},
		{absCaptureTimeURI, pion.RTPCodecTypeAudio},
	}
	if numbered {
		list = append(list, extension{transportCC, pion.RTPCodecTypeVideo}, extension{transportCC, pion.RTPCodecTypeAudio})
	}
	return list
}

// steered puts a steering where it numbers all that leaves and reads what comes.
func steered(m *pion.MediaEngine, chain *interceptor.Registry, set *pion.SettingEngine, steer *steering) {
	for _, kind := range []pion.RTPCodecType{pion.RTPCodecTypeVideo, pion.RTPCodecTypeAudio} {
		m.RegisterFeedback(pion.RTCPFeedback{Type: pion.TypeRTCPFBTransportCC}, kind)
	}
	chain.Add(steer)
	set.BufferFactory = steer.inbox
}

// finish adds what answers a page's reports, or what reports to it. Sender reports
// are playout's own, with the time of capture.
func (s *Server) finish(m *pion.MediaEngine, chain *interceptor.Registry, receives bool) error {
	logs := s.settings.LoggerFactory
	if !receives {
		resend, err := nack.NewResponderInterceptor(
			nack.ResponderSize(resendable), nack.WithResponderLoggerFactory(logs))
		if err != nil {
			return err
		}
		chain.Add(resend)
		return nil
	}
	ask, err := nack.NewGeneratorInterceptor(nack.GeneratorInterval(askAgain), nack.WithGeneratorLoggerFactory(logs))
	if err != nil {
		return err
	}
	reports, err := report.NewReceiverInterceptor(report.WithReceiverLoggerFactory(logs))
	if err != nil {
		return err
	}
	chain.Add(ask)
	chain.Add(reports)
	// Without it a browser feels its way upward from 300 kbit/s by loss alone.
	return pion.ConfigureTWCCSender(m, chain)
}

// register makes a format known under the page's number; nil: there is none.
func register(m *pion.MediaEngine, c *codec, kind pion.RTPCodecType) error {
	if c == nil {
		return nil
	}
	feedback := []pion.RTCPFeedback{}
	if kind == pion.RTPCodecTypeVideo {
		feedback = []pion.RTCPFeedback{{Type: "nack"}, {Type: "nack", Parameter: "pli"}, {Type: "ccm", Parameter: "fir"}}
	}
	for _, f := range []*codec{c, c.rtx} {
		if f == nil {
			continue
		}
		p := f.parameters(kind)
		if f == c {
			p.RTCPFeedback = feedback
		}
		if err := m.RegisterCodec(p, kind); err != nil {
			return err
		}
	}
	return nil
}

// parameters puts a format in pion's words.
func (c *codec) parameters(kind pion.RTPCodecType) pion.RTPCodecParameters {
	return pion.RTPCodecParameters{
		RTPCodecCapability: pion.RTPCodecCapability{
			MimeType:    kind.String() + "/" + c.name,
			ClockRate:   c.clock,
			Channels:    c.channels,
			SDPFmtpLine: c.fmtp,
		},
		PayloadType: c.payload,
	}
}
