package testnet

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"math/big"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/apernet/quic-go"

	"github.com/classrelay/classrelay/internal/netem"
)

func certificate(t *testing.T) *tls.Config {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Config{
		Certificates:       []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}},
		NextProtos:         []string{"test"},
		InsecureSkipVerify: true,
	}
}

func TestQUICRunsOverALossyLinkInVirtualTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		network := New(7)
		defer network.Close()
		lossy := netem.Profile{Rate: 20_000_000, Delay: 30 * time.Millisecond, Loss: 0.05, Burst: 3}
		if err := network.Link("10.0.0.1", "10.0.0.2", lossy, lossy); err != nil {
			t.Fatal(err)
		}
		serverSocket, err := network.ListenPacket("10.0.0.1:4433")
		if err != nil {
			t.Fatal(err)
		}
		clientSocket, err := network.Host("10.0.0.2").ListenPacket("udp", ":0")
		if err != nil {
			t.Fatal(err)
		}
		server, client := &quic.Transport{Conn: serverSocket}, &quic.Transport{Conn: clientSocket}
		defer serverSocket.Close()
		defer clientSocket.Close()
		defer server.Close()
		defer client.Close()
		cfg := &quic.Config{EnableDatagrams: true}
		ln, err := server.Listen(certificate(t), cfg)
		if err != nil {
			t.Fatal(err)
		}
		defer ln.Close()
		start := time.Now()
		to := &net.UDPAddr{IP: net.IPv4(10, 0, 0, 1), Port: 4433}
		near, err := client.Dial(context.Background(), to, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"test"}}, cfg)
		if err != nil {
			t.Fatal(err)
		}
		far, err := ln.Accept(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		sent := time.Now()
		for range 100 { // below the 128 that quic-go keeps for a reader
			if err := near.SendDatagram(make([]byte, 1000)); err != nil {
				t.Fatal(err)
			}
			time.Sleep(5 * time.Millisecond)
		}
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		received := 0
		for {
			if _, err := far.ReceiveDatagram(ctx); err != nil {
				break
			}
			received++
		}
		if received < 80 || received > 99 {
			t.Errorf("received %d of 100 datagrams at 5 %% loss", received)
		}
		if handshake := sent.Sub(start); handshake < 60*time.Millisecond {
			t.Errorf("handshake took %v over a round trip of 60 ms", handshake)
		}
		_ = near.CloseWithError(0, "")
		_ = far.CloseWithError(0, "")
	})
}
