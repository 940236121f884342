package tigertonic_test

import (
	"bufio"
	"crypto/tls"
	"encoding/binary"
	"io"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// HTTP/2 by hand (RFC 9113 §4.1, §6), for what a client of good manners never does.

const (
	frameData, frameHeaders, frameReset, frameSettings, frameGoAway = 0, 1, 3, 4, 7

	flagAck, flagEndStream, flagEndHeaders = 1, 1, 4
	initialWindowSize                      = 4 // a setting
	maxConcurrentStreams                   = 3
)

type frame struct {
	kind, flags byte
	stream      uint32
	payload     []byte
}

func (f frame) bytes() []byte {
	n := len(f.payload)
	b := append([]byte{byte(n >> 16), byte(n >> 8), byte(n), f.kind, f.flags}, make([]byte, 4)...)
	binary.BigEndian.PutUint32(b[5:], f.stream)
	return append(b, f.payload...)
}

// A framer is one end of an HTTP/2 connection.
type framer struct {
	net.Conn
	r *bufio.Reader
}

// dialFrames connects, and sends these settings, names and values in turn.
func dialFrames(t *testing.T, addr string, settings ...uint32) *framer {
	t.Helper()
	conn, err := tls.Dial("tcp", addr, insecure("h2"))
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.NetConn().Close() }) // without a word that could block
	require.NoError(t, conn.SetDeadline(time.Now().Add(2*patience)))
	f := &framer{conn, bufio.NewReader(conn)}
	var payload []byte
	for i := 0; i < len(settings); i += 2 {
		payload = binary.BigEndian.AppendUint16(payload, uint16(settings[i]))
		payload = binary.BigEndian.AppendUint32(payload, settings[i+1])
	}
	_, err = io.WriteString(conn, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
	require.NoError(t, err)
	require.NoError(t, f.send(frame{kind: frameSettings, payload: payload}))
	return f
}

func (f *framer) send(frames ...frame) error {
	var b []byte
	for _, one := range frames {
		b = append(b, one.bytes()...)
	}
	_, err := f.Write(b)
	return err
}

// requestFrame is the header of a GET, or of a POST that is to have a body (RFC 7541,
// appendix A).
func requestFrame(stream uint32, post bool) frame {
	block := []byte{0x82, 0x87, 0x84, 0x41, 1, 'x'} // :method GET, :scheme https, :path /, :authority x
	flags := byte(flagEndHeaders | flagEndStream)
	if post {
		block[0], flags = 0x83, flagEndHeaders
	}
	return frame{frameHeaders, flags, stream, block}
}

// resetFrame cancels a stream.
func resetFrame(stream uint32) frame {
	return frame{kind: frameReset, stream: stream, payload: []byte{0, 0, 0, 8}}
}

// read returns the next frame.
func (f *framer) read() (frame, error) {
	var head [9]byte
	if _, err := io.ReadFull(f.r, head[:]); err != nil {
		return frame{}, err
	}
	payload := make([]byte, int(head[0])<<16|int(head[1])<<8|int(head[2]))
	_, err := io.ReadFull(f.r, payload)
	return frame{head[3], head[4], binary.BigEndian.Uint32(head[5:]), payload}, err
}

// until reads until a frame of this kind has come for the stream.
func (f *framer) until(t *testing.T, kind byte, stream uint32) frame {
	t.Helper()
	for {
		got, err := f.read()
		require.NoError(t, err, "before the frame %d of stream %d", kind, stream)
		if got.kind == frameSettings && got.flags&flagAck == 0 {
			require.NoError(t, f.send(frame{kind: frameSettings, flags: flagAck}))
		}
		if got.kind == kind && got.stream == stream {
			return got
		}
	}
}
